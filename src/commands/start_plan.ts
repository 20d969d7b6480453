import { byteString, byteStringFromText } from "../bytes/mod.ts";
import {
  type EffectiveFile,
  effectiveFiles,
  embeddedFile,
  ensureRuntimeDirectory,
  type Settings,
} from "../config/mod.ts";
import { EnrootError, messageOf } from "../diagnostics/mod.ts";
import {
  byteEnvironment,
  type ConfigurationFile,
  type OpenImage,
  parseEnvironment,
  type Program,
  type StartPlan,
  workingDirectory,
} from "../runtime/mod.ts";
import type { StartTarget } from "../store/mod.ts";
import type { Caller } from "./caller.ts";
import { plannedHooks } from "./planned_hooks.ts";
import type { StartOptions } from "./start.ts";

/** What else has been found out about a start. */
export interface StartBasis {
  target: StartTarget;
  settings: Settings;
  caller: Caller;
  program: Program;
  /** The opened image; null for a container, or where nothing is to be started. */
  opened: OpenImage | null;
}

/** Decides how a container starts. @throws {EnrootError} */
export function makePlan(
  options: StartOptions,
  { target, settings, caller, program, opened }: StartBasis,
): StartPlan {
  const variables = parseEnvironment(byteEnvironment());
  // A setting that is off is one that hooks do not see at all.
  for (const name of variables.keys()) {
    if (name.startsWith("ENROOT_")) variables.delete(name);
  }
  for (const [name, value] of settings.variables) {
    variables.set(byteStringFromText(name), byteStringFromText(value));
  }
  const runtimePath = byteStringFromText(ensureRuntimeDirectory(settings));
  variables.set("ENROOT_RUNTIME_PATH", runtimePath);
  const path = byteStringFromText(target.path);
  return {
    rootfs: target.kind === "image" ? `${runtimePath}/rootfs` : path,
    image: target.kind === "image" ? { path, offset: 0, opened } : null,
    identity: caller.identity,
    namespaces: {
      user: !caller.superuser,
      pid: settings.unsharePid,
      net: settings.unshareNet,
      ipc: settings.unshareIpc,
      uts: settings.unshareUts,
    },
    writable: settings.rootfsWritable,
    nativeOverlayfs: settings.nativeOverlayfs,
    runtimePath,
    workingDirectory: workingDirectory(),
    fstabs: readFiles(
      effectiveFiles(settings, { directory: "mounts.d", suffix: ".fstab", embedded: FSTABS }),
      "mounts",
    ),
    mounts: options.mounts.map(byteStringFromText),
    environs: readFiles(
      effectiveFiles(settings, { directory: "environ.d", suffix: ".env", embedded: ENVIRONS }),
      "environ",
    ),
    environment: options.env.map(byteStringFromText),
    hostEnvironment: [...variables],
    hooks: plannedHooks(settings, program.path),
    script: options.conf ?? null,
    libraryPath: settings.libraryPath,
    program,
    loginShell: settings.loginShell,
    mountHome: settings.mountHome,
    restrictDev: settings.restrictDev,
    command: {
      rc: options.rc === undefined ? null : byteStringFromText(options.rc),
      arguments: options.command.map(byteStringFromText),
    },
  };
}

/** The files of `conf/` that are in force unless the system says otherwise. */
const FSTABS = ["10-system.fstab", "20-config.fstab"];
const ENVIRONS = ["10-terminal.env"];

function readFiles(files: EffectiveFile[], embeddedDirectory: string): ConfigurationFile[] {
  return files.map((file) => {
    const location = file.source === "embedded"
      ? embeddedFile(`${embeddedDirectory}/${file.name}`)
      : file.path;
    const path = file.source === "embedded" ? file.name : file.path;
    try {
      return { path, content: byteString(Deno.readFileSync(location)) };
    } catch (error) {
      throw new EnrootError(`Cannot read ${path}: ${messageOf(error)}`, { cause: error });
    }
  });
}
