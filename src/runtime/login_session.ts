import { bytesOf, type ByteString, textFromByteString } from "../bytes/mod.ts";
import { EnrootError, writeStdout } from "../diagnostics/mod.ts";
import {
  changeDirectory,
  limitFileSize,
  setUmask,
  SyscallError,
  terminalName,
} from "../linux/mod.ts";
import type { Environment } from "./environ.ts";
import { planLogin } from "./login.ts";
import type { Identity } from "./plan.ts";
import type { ReadableFiles } from "./root_files.ts";

/** How a login went. */
export interface LoginResult {
  /** False when the container lets nobody in at the moment: it said why. */
  readonly admitted: boolean;
  /** What to run in place of the user's shell, if it can be executed. */
  readonly fakeShell: ByteString | null;
}

export interface LoginOptions {
  /** The container's environment; what a login sets is added. */
  readonly environment: Environment;
  /** The container's files. */
  readonly files: ReadableFiles;
  /** Whether an interactive shell follows, whose user wants to read messages. */
  readonly interactive: boolean;
}

/**
 * Sets this process up as login(1) would.
 *
 * @throws {EnrootError} when the home directory is required but cannot be entered
 */
export function logIn(
  { uid, hostUid }: Identity,
  { environment, files, interactive }: LoginOptions,
): LoginResult {
  const umask = setUmask(0o022);
  const session = planLogin({ files, uid, hostUid, environment, umask });
  if (session.kind === "nologin") {
    writeStdout(textFromByteString(session.message));
    return { admitted: false, fakeShell: null };
  }
  for (const [name, value] of session.variables) environment.set(name, value);
  setUmask(session.umask);
  if (session.fileSizeLimit !== null) limitFileSize(session.fileSizeLimit);
  if (session.home !== null) enter(session.home);
  if (interactive && terminalName(0) !== null) {
    for (const file of session.messageFiles) {
      Deno.stdout.writeSync(bytesOf(files.read(file) ?? ""));
    }
  }
  return { admitted: true, fakeShell: session.fakeShell };
}

function enter(home: { directory: ByteString; required: boolean }): void {
  try {
    changeDirectory(home.directory);
  } catch (error) {
    if (!(error instanceof SyscallError) || !home.required) return;
    const shown = textFromByteString(home.directory);
    throw new EnrootError(`Cannot change to home directory ${shown}: ${error.reason}`, {
      cause: error,
    });
  }
}
