import type { ByteString } from "../../bytes/mod.ts";
import { close, pointers, syscallProgram, text } from "../../linux/mod.ts";
import { reportStyle } from "./report_style.ts";

/** A child process to be made, as long as this is not disposed of. */
export interface ByteCommand extends Disposable {
  readonly command: Deno.Command;
}

/**
 * A child process that shares our standard streams and whose arguments and environment are bytes:
 * `Deno.Command` passes nothing but UTF-8, so that it only starts a program which starts this one.
 *
 * @param words `argv`, its first one also being the path
 * @throws {SyscallError}
 */
export function byteCommand(
  words: readonly ByteString[],
  environment: ReadonlyMap<ByteString, ByteString>,
): ByteCommand {
  const [path = ""] = words;
  const variables = [...environment].map(([name, value]) => `${name}=${value}`);
  const program = syscallProgram([{
    name: "execve",
    arguments: [text(path), pointers([...words]), pointers(variables)],
    failure: `Cannot run ${path}`,
  }], reportStyle());
  return {
    command: new Deno.Command(`/proc/self/fd/${program}`, {
      stdin: "inherit",
      stdout: "inherit",
      stderr: "inherit",
    }),
    [Symbol.dispose]: () => close(program),
  };
}
