import { byteString, byteStringFromText } from "../../bytes/mod.ts";
import { EnrootError, logError, messageOf } from "../../diagnostics/mod.ts";
import { parseFstab } from "../plan/fstab.ts";
import { performMount } from "../root/mounter.ts";
import { openRootDirectory } from "../root/root_directory.ts";
import { readToolArguments } from "./tool_arguments.ts";
import { workingDirectory } from "../process/working_directory.ts";

interface MountToolOptions {
  root: string;
  /** Which entries to mount: those of this pass; null for all. */
  pass: number | null;
  /** The fstab file; `-` for standard input. */
  file: string;
}

/**
 * `enroot-mount [--root DIR] [--pass N] FSTAB|-`: mounts what an fstab says inside a root directory,
 * for hooks that are scripts.
 *
 * @returns the exit code
 */
export function runMountTool(args: readonly string[]): number {
  try {
    const { root: path, pass, file } = parseArguments(args);
    const content = Deno.readFileSync(file === "-" ? "/proc/self/fd/0" : file);
    using root = openRootDirectory(byteStringFromText(path));
    const entries = parseFstab(byteString(content), {
      origin: file === "-" ? "standard input" : file,
      workingDirectory: workingDirectory(),
    });
    for (const entry of entries) {
      if (pass === null || entry.pass === pass) performMount(entry, root);
    }
    return 0;
  } catch (error) {
    logError(messageOf(error));
    return 1;
  }
}

function parseArguments(args: readonly string[]): MountToolOptions {
  const { options, operands: [file] } = readToolArguments(args, { values: ["root", "pass"] });
  const pass = options.get("pass") ?? null;
  if (file === undefined) {
    throw new EnrootError("Invalid argument: enroot-mount [--root DIR] [--pass N] FSTAB|-");
  }
  if (pass !== null && !/^-?[0-9]+$/.test(pass)) throw new EnrootError("Invalid argument: --pass");
  return { root: options.get("root") ?? "/", pass: pass === null ? null : Number(pass), file };
}
