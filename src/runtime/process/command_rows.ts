import { type ByteString, textFromByteString } from "../../bytes/mod.ts";
import { pointers, type Syscall, text } from "../../linux/mod.ts";

/** Rows that execute a command, tried in every directory of PATH as execvp(3) does. */
export function commandRows(
  command: readonly ByteString[],
  variables: ReadonlyMap<ByteString, ByteString>,
): Syscall[] {
  const [name = ""] = command;
  const argv = pointers([...command]);
  const environment = pointers([...variables].map(([key, value]) => `${key}=${value}`));
  const execve = (path: ByteString): Syscall => ({
    name: "execve",
    arguments: [text(path), argv, environment],
    failure: `Cannot execute ${path}`,
  });
  if (name.includes("/")) return [execve(name)];
  const directories = (variables.get("PATH") ?? "/usr/bin:/bin").split(":");
  const tries = directories.map((directory) => ({
    ...execve(`${directory || "."}/${name}`),
    ignoreError: true,
  }));
  // A call that must fail says what none of them said.
  return [...tries, { ...execve(""), failure: `Command not found: ${textFromByteString(name)}` }];
}
