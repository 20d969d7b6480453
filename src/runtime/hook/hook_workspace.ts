import {
  bytesOf,
  type ByteString,
  byteString,
  byteStringFromText,
  textFromByteString,
} from "../../bytes/mod.ts";
import { EnrootError } from "../../diagnostics/mod.ts";
import { startByteCommand } from "../process/byte_command.ts";
import { type Environment, formatEnvironment, mergeEnvironment } from "../plan/environ.ts";
import type { StartPlan } from "../plan/plan.ts";
import type { Program } from "../plan/program.ts";
import { findProgram } from "../process/program_search.ts";

/**
 * What hooks and configuration scripts of the host find: variables about the container, files to
 * read and append to, and the programs and functions they call.
 */
export interface HookWorkspace {
  /** The environment to run them with. */
  readonly variables: ReadonlyMap<ByteString, ByteString>;
  /** A private directory for other files. */
  readonly directory: ByteString;
  /** Runs something that may append to the files, and takes over what it appended. */
  exchange(environment: Environment, action: () => void): { fstab: ByteString };
}

/** The names by which the program can be called from hooks. */
const PROGRAM_NAMES = ["enroot-mount", "enroot-nsenter", "enroot-switchroot"];

/** Lays the workspace out in the runtime directory, which is a private tmpfs by now. */
export function createHookWorkspace(
  plan: StartPlan,
  { host, library }: { host: ReadonlyMap<ByteString, ByteString>; library: () => Uint8Array },
): HookWorkspace {
  const directory = textFromByteString(plan.runtimePath);
  const environ = `${directory}/environment`;
  const mounts = `${directory}/mounts`;
  Deno.writeTextFileSync(mounts, "");
  const libraryPath = libraryDirectory(plan.libraryPath, { directory, library });
  const variables = new Map(host);
  variables.set("ENROOT_PID", String(Deno.pid));
  variables.set("ENROOT_ROOTFS", plan.rootfs);
  variables.set("ENROOT_ENVIRON", environ);
  variables.set("ENROOT_MOUNTS", mounts);
  variables.set("ENROOT_LIBRARY_PATH", libraryPath);
  const path = host.get("PATH") ?? "/usr/local/bin:/usr/bin:/bin";
  const isInstalled = PROGRAM_NAMES.every((name) => findProgram(name, path) !== undefined);
  const ownPrograms = isInstalled ? "" : `:${makePrograms(`${directory}/bin`, plan.program)}`;
  variables.set("PATH", `${path}${ownPrograms}`);
  return {
    variables,
    directory: plan.runtimePath,
    exchange(environment, action) {
      Deno.writeFileSync(environ, bytesOf(formatEnvironment(environment)));
      action();
      mergeEnvironment(environment, byteString(Deno.readFileSync(environ)));
      const fstab = byteString(Deno.readFileSync(mounts));
      Deno.writeTextFileSync(mounts, "");
      return { fstab };
    },
  };
}

/** Makes a directory where the program has its other names. @returns its path */
function makePrograms(directory: string, program: Program): string {
  Deno.mkdirSync(directory, { mode: 0o700 });
  for (const name of PROGRAM_NAMES) makeProgram(`${directory}/${name}`, { name, program });
  return directory;
}

/** Makes a file that runs the program by another name. */
function makeProgram(path: string, { name, program }: { name: string; program: Program }): void {
  if (program.arguments.length === 0) return Deno.symlinkSync(program.path, path);
  const words = [program.path, ...program.arguments].map((word) => `'${word}'`).join(" ");
  const script = `#!/usr/bin/env bash\nexec -a ${name} ${words} "$@"\n`;
  Deno.writeTextFileSync(path, script, { mode: 0o700 });
}

/** The configured directory, if it has the functions that hooks load; else one with our own. */
function libraryDirectory(
  configured: string,
  { directory, library }: { directory: string; library: () => Uint8Array },
): string {
  try {
    Deno.statSync(`${configured}/common.sh`);
    return configured;
  } catch {
    const own = `${directory}/lib`;
    Deno.mkdirSync(own, { mode: 0o700 });
    Deno.writeFileSync(`${own}/common.sh`, library());
    return own;
  }
}

/**
 * Runs a hook that is an executable file of the host.
 *
 * @throws {EnrootError} `PATH exited with return code N`
 */
export function runExecutableHook(
  path: string,
  variables: ReadonlyMap<ByteString, ByteString>,
): void {
  const words = [byteStringFromText(path)];
  const { code } = startByteCommand(words, variables, (command) => command.outputSync());
  if (code !== 0) throw new EnrootError(`${path} exited with return code ${code}`);
}
