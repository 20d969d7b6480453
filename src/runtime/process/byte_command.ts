import type { ByteString } from "../../bytes/mod.ts";
import { pointers, text, withSyscallProgram } from "../../linux/mod.ts";
import { reportStyle } from "./report_style.ts";

/**
 * Starts a child process that shares our standard streams and whose arguments and environment are
 * bytes: `Deno.Command` passes nothing but UTF-8, so that it only starts a program which starts this
 * one.
 *
 * @param words `argv`, its first one also being the path
 * @throws {EnrootError} where no program of ours may be executed
 */
export function startByteCommand<Result>(
  words: readonly ByteString[],
  environment: ReadonlyMap<ByteString, ByteString>,
  start: (command: Deno.Command) => Result,
): Result {
  const [path = ""] = words;
  const variables = [...environment].map(([name, value]) => `${name}=${value}`);
  return withSyscallProgram(
    [{
      name: "execve",
      arguments: [text(path), pointers([...words]), pointers(variables)],
      failure: `Cannot run ${path}`,
    }],
    reportStyle(),
    (program) =>
      start(
        new Deno.Command(program, { stdin: "inherit", stdout: "inherit", stderr: "inherit" }),
      ),
  );
}
