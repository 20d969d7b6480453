import { bytesOf, type ByteString, textFromByteString } from "../../bytes/mod.ts";
import { writeStdout } from "../../diagnostics/mod.ts";
import { fileSizeLimitRow, type Syscall, terminalName, text } from "../../linux/mod.ts";
import type { Environment } from "../plan/environ.ts";
import { planLogin } from "./login.ts";
import type { Identity } from "../plan/plan.ts";
import type { ReadableFiles } from "../root/readable_files.ts";

/** How a login went. */
export type LoginResult =
  /** The container admits no user at the moment: it said why. */
  | { readonly admitted: false }
  | {
    readonly admitted: true;
    /** What to run in place of the user's shell, if it can be executed. */
    readonly fakeShell: ByteString | null;
    /** Rows that set the process up. */
    readonly rows: readonly Syscall[];
  };

export interface LoginOptions {
  /** The container's environment; what a login sets is added. */
  readonly environment: Environment;
  /** The container's files. */
  readonly files: ReadableFiles;
  /** Whether an interactive shell follows, whose user wants to read messages. */
  readonly interactive: boolean;
}

/** Does what login(1) would, as far as it is no change of the process: rows make that. */
export function logIn(
  { uid, hostUid }: Identity,
  { environment, files, interactive }: LoginOptions,
): LoginResult {
  const session = planLogin({ files, uid, hostUid, environment, umask: Deno.umask() });
  if (session.kind === "nologin") {
    writeStdout(textFromByteString(session.message));
    return { admitted: false };
  }
  for (const [name, value] of session.variables) environment.set(name, value);
  const rows: Syscall[] = [{ name: "umask", arguments: [session.umask], ignoreError: true }];
  if (session.fileSizeLimit !== null) rows.push(fileSizeLimitRow(session.fileSizeLimit));
  if (session.home !== null) rows.push(homeRow(session.home));
  if (interactive && terminalName(0) !== null) {
    for (const file of session.messageFiles) {
      Deno.stdout.writeSync(bytesOf(files.read(file) ?? ""));
    }
  }
  return { admitted: true, fakeShell: session.fakeShell, rows };
}

function homeRow({ directory, required }: { directory: ByteString; required: boolean }): Syscall {
  return {
    name: "chdir",
    arguments: [text(directory)],
    failure: `Cannot change to home directory ${directory}`,
    ignoreError: !required,
  };
}
