import type { ByteString } from "../../bytes/mod.ts";

/** A program and its arguments, `argv[0]` included. */
export interface Invocation {
  readonly path: ByteString;
  readonly argv: readonly ByteString[];
}

export interface ShellCommandOptions {
  /** The shell: an executable file inside the container. */
  readonly shell: ByteString;
  /** Whether it is to behave as a login shell. */
  readonly login: boolean;
  /** The script that starts the container's command; null for none. */
  readonly rc: ByteString | null;
  /** Whether a path is an existing file that cannot be executed: a script, then. */
  readonly isPlainFile: (path: ByteString) => boolean;
}

/**
 * How the shell runs the command of a container: through the rc script, which decides what the
 * arguments mean; without one as a command of its own; with neither, interactively.
 */
export function shellCommand(
  args: readonly ByteString[],
  { shell, login, rc, isPlainFile }: ShellCommandOptions,
): Invocation {
  const name = shell.slice(shell.lastIndexOf("/") + 1);
  const run = (...words: ByteString[]): Invocation => ({
    path: shell,
    argv: [login ? `-${name}` : name, ...words],
  });
  if (rc !== null) return run(rc, ...args);
  const [first] = args;
  if (first === undefined) return run();
  if (isPlainFile(first)) return run(...args);
  if (args.length === 1 && first.includes(" ")) return run("-c", first);
  return run("-c", 'exec "$@"', "sh", ...args);
}
