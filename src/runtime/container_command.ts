import { type ByteString, textFromByteString } from "../bytes/mod.ts";
import { EnrootError } from "../diagnostics/mod.ts";
import {
  AT,
  changeDirectory,
  execve,
  isExecutable,
  isSyscallError,
  resetSignals,
  statusAt,
} from "../linux/mod.ts";
import { directCommand } from "./direct_command.ts";
import type { Environment } from "./environ.ts";
import { DEFAULT_PATH } from "./login.ts";
import { logIn } from "./login_session.ts";
import { hostFiles } from "./opened_files.ts";
import type { StartPlan } from "./plan.ts";
import { findProgram } from "./program_search.ts";
import { isPyxisStop, stopForPyxis } from "./pyxis_stop.ts";
import type { RcScript } from "./rc_script.ts";
import type { ReadableFiles } from "./root_files.ts";
import { type Invocation, shellCommand } from "./shell_command.ts";
import { step } from "./step.ts";

const DEFAULT_SHELL = "/bin/sh";

/**
 * Executes the container's first program, its root being `/` by now.
 *
 * @returns the exit code when there is nothing to execute: the container lets nobody in
 * @throws {EnrootError}
 */
export function runCommand(
  plan: Pick<StartPlan, "command" | "identity" | "loginShell">,
  { environment, rc }: { environment: Environment; rc: RcScript },
): number {
  const files = hostFiles(); // The root is the container's by now.
  const args = plan.command.arguments;
  const script = scriptPath(rc, files);
  let wanted = environment.get("SHELL");
  if (plan.loginShell) {
    const interactive = script === null && args.length === 0;
    const login = logIn(plan.identity, { environment, files, interactive });
    if (!login.admitted) return 0;
    if (login.fakeShell !== null && isExecutable(login.fakeShell)) wanted = login.fakeShell;
    else wanted = environment.get("SHELL");
  }
  if (!environment.has("PATH")) environment.set("PATH", DEFAULT_PATH);
  const shell = wanted !== undefined && isExecutable(wanted) ? wanted : DEFAULT_SHELL;
  if (isMissing(shell)) return runDirectly(args, { environment, rc, files });
  return execute(
    shellCommand(args, {
      shell,
      login: plan.loginShell,
      rc: script,
      isPlainFile: (path) => files.status(path)?.kind === "file" && !isExecutable(path),
    }),
    environment,
  );
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

/** Executes what a shell would, where there is none. */
function runDirectly(
  args: readonly ByteString[],
  { environment, rc, files }: {
    environment: Environment;
    rc: RcScript;
    files: ReadableFiles;
  },
): number {
  const { directory, words } = directCommand(args, { rc, files });
  if (directory !== null) {
    step(`enter ${textFromByteString(directory)}`, () => changeDirectory(directory));
    environment.set("PWD", directory);
  }
  const [name = ""] = words;
  const path = findProgram(name, environment.get("PATH") ?? "");
  if (path === undefined) {
    if (isPyxisStop(words)) {
      resetSignals();
      return stopForPyxis(linesOf(environment));
    }
    throw new EnrootError(`Command not found: ${textFromByteString(name)}`);
  }
  return execute({ path, argv: words }, environment);
}

function execute({ path, argv }: Invocation, environment: Environment): never {
  resetSignals();
  return step(
    `execute ${textFromByteString(path)}`,
    () => execve(path, { argv: [...argv], environment: linesOf(environment) }),
  );
}

function linesOf(environment: Environment): ByteString[] {
  return [...environment].map(([name, value]) => `${name}=${value}`);
}
