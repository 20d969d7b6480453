import { type ByteString, textFromByteString } from "../../bytes/mod.ts";
import { EnrootError, logWarning } from "../../diagnostics/mod.ts";
import {
  AT,
  isExecutable,
  isSyscallError,
  pointers,
  statusAt,
  type Syscall,
  text,
} from "../../linux/mod.ts";
import { directCommand } from "./direct_command.ts";
import type { Environment } from "../plan/environ.ts";
import { DEFAULT_PATH } from "./login.ts";
import { logIn } from "./login_session.ts";
import { hostFiles } from "../root/rootfs_files.ts";
import type { StartPlan } from "../plan/plan.ts";
import { findProgram } from "../process/program_search.ts";
import { isPyxisStop, pyxisStopRows } from "./pyxis_stop.ts";
import type { RcScript } from "./rc_script.ts";
import type { ReadableFiles } from "../root/readable_files.ts";
import { type Invocation, shellCommand } from "./shell_command.ts";

const DEFAULT_SHELL = "/bin/sh";

/** What is left to do for a container once its root is `/`: a table of system calls. */
export interface ContainerCommand {
  /** Sets the process up and executes the container's first program. */
  readonly rows: readonly Syscall[];
  /** What that program's environment is, as `NAME=value`. */
  readonly environment: ByteString[];
}

/**
 * Finds out what the container's first program is, the root being the container's by now.
 *
 * @returns null when there is nothing to execute: the container admits no user
 * @throws {EnrootError}
 */
export function containerCommand(
  plan: Pick<StartPlan, "command" | "identity" | "loginShell">,
  { environment, rc }: { environment: Environment; rc: RcScript },
): ContainerCommand | null {
  const files = hostFiles(); // The root is the container's by now.
  const args = plan.command.arguments;
  const script = scriptPath(rc, files);
  const rows: Syscall[] = [];
  let wanted = environment.get("SHELL");
  if (plan.loginShell) {
    const interactive = script === null && args.length === 0;
    const login = logIn(plan.identity, { environment, files, interactive });
    if (!login.admitted) return null;
    rows.push(...login.rows);
    if (login.fakeShell !== null && isExecutable(login.fakeShell)) wanted = login.fakeShell;
    else wanted = environment.get("SHELL");
  }
  if (!environment.has("PATH")) environment.set("PATH", DEFAULT_PATH);
  dropLongVariables(environment);
  const shell = wanted !== undefined && isExecutable(wanted) ? wanted : DEFAULT_SHELL;
  if (isMissing(shell)) {
    rows.push(...directRows(args, { environment, rc, files }));
  } else {
    const invocation = shellCommand(args, {
      shell,
      login: plan.loginShell,
      rc: script,
      isPlainFile: (path) => files.status(path)?.kind === "file" && !isExecutable(path),
    });
    rows.push(executeRow(invocation, environment));
  }
  return { rows, environment: linesOf(environment) };
}

/**
 * Takes away what execve(2) would refuse with the whole environment: a single string may not be
 * longer than MAX_ARG_STRLEN.
 */
function dropLongVariables(environment: Environment): void {
  const MAX_ARG_STRLEN = 32 * 4096; // Its NUL included. There are kernels with larger pages.
  for (const [name, value] of environment) {
    const length = name.length + "=".length + value.length;
    if (length < MAX_ARG_STRLEN) continue;
    environment.delete(name);
    logWarning(
      `Ignoring the variable ${textFromByteString(name)}: it has ${length} bytes, and the kernel ` +
        `takes ${MAX_ARG_STRLEN - 1}`,
    );
  }
}

/** A shell that is there but cannot be executed is better found out by trying: the error tells why. */
function isMissing(shell: ByteString): boolean {
  if (isExecutable(shell)) return false;
  try {
    statusAt(AT.FDCWD, shell);
    return false;
  } catch (error) {
    return isSyscallError(error, "ENOENT", "ENOTDIR");
  }
}

function scriptPath(rc: RcScript, files: ReadableFiles): ByteString | null {
  switch (rc.kind) {
    case "given":
      return rc.path;
    case "none":
      return null;
    case "image":
      return files.status("/etc/rc")?.kind === "file" ? "/etc/rc" : null;
  }
}

/** Rows that execute what a shell would, where there is none. */
function directRows(
  args: readonly ByteString[],
  { environment, rc, files }: {
    environment: Environment;
    rc: RcScript;
    files: ReadableFiles;
  },
): Syscall[] {
  const { directory, words } = directCommand(args, { rc, files });
  const rows: Syscall[] = [];
  if (directory !== null) {
    rows.push({
      name: "chdir",
      arguments: [text(directory)],
      failure: `Cannot enter ${directory}`,
    });
    environment.set("PWD", directory);
  }
  const [name = ""] = words;
  const path = findProgram(name, environment.get("PATH") ?? "");
  if (path !== undefined) return [...rows, executeRow({ path, argv: words }, environment)];
  if (isPyxisStop(words)) return [...rows, ...pyxisStopRows()];
  throw new EnrootError(`Command not found: ${textFromByteString(name)}`);
}

function executeRow({ path, argv }: Invocation, environment: Environment): Syscall {
  return {
    name: "execve",
    arguments: [text(path), pointers([...argv]), pointers(linesOf(environment))],
    failure: `Cannot execute ${path}`,
  };
}

function linesOf(environment: Environment): ByteString[] {
  return [...environment].map(([name, value]) => `${name}=${value}`);
}
