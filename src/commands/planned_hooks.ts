import { effectiveFiles, type Settings } from "../config/mod.ts";
import type { PlannedHook } from "../runtime/mod.ts";

/** The hooks that run unless the system says otherwise, in the order of their names. */
const STANDARD = [
  "10-aptfix",
  "10-cgroups",
  "10-devices",
  "10-home",
  "10-localtime",
  "10-shadow",
];

/**
 * The hooks to run for a start: the standard ones and the system's, then the user's, each in name
 * order. Files that are not executable are left out.
 *
 * A file of the name of a hook that comes with the program, and that is a link to the program,
 * turns that hook on: so the extra ones are enabled.
 */
export function plannedHooks(settings: Settings, programPath: string): PlannedHook[] {
  const embedded = STANDARD.map((name) => `${name}.sh`);
  const hooks: PlannedHook[] = [];
  for (const file of effectiveFiles(settings, { directory: "hooks.d", suffix: ".sh", embedded })) {
    if (file.source === "embedded") hooks.push(standard(file.name));
    else if (isProgram(file.path, programPath)) hooks.push(standard(file.name));
    else if (isExecutable(file.path)) hooks.push({ kind: "executable", path: file.path });
  }
  return hooks;
}

function standard(fileName: string): PlannedHook {
  return { kind: "standard", name: fileName.slice(0, -".sh".length) };
}

function isProgram(path: string, programPath: string): boolean {
  try {
    return Deno.lstatSync(path).isSymlink && Deno.realPathSync(path) === programPath;
  } catch {
    return false; // It cannot be the program if it cannot be read.
  }
}

function isExecutable(path: string): boolean {
  try {
    const { isFile, mode } = Deno.statSync(path);
    return isFile && ((mode ?? 0) & 0o111) !== 0;
  } catch {
    return false;
  }
}
