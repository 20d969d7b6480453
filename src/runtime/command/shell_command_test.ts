import { assertEquals } from "@std/assert";
import { shellCommand, type ShellCommandOptions } from "./shell_command.ts";

const OPTIONS: ShellCommandOptions = {
  shell: "/bin/bash",
  login: true,
  rc: null,
  isPlainFile: () => false,
};

Deno.test("shellCommand() runs the rc script with all arguments in a login shell", () => {
  assertEquals(shellCommand(["ls", "-l", ""], { ...OPTIONS, rc: "/etc/rc" }), {
    path: "/bin/bash",
    argv: ["-bash", "/etc/rc", "ls", "-l", ""],
  });
});

Deno.test("shellCommand() is interactive without rc and arguments", () => {
  assertEquals(shellCommand([], { ...OPTIONS, login: false }).argv, ["bash"]);
});

Deno.test("shellCommand() takes a single argument with a blank for a command line", () => {
  assertEquals(shellCommand(["echo a b"], OPTIONS).argv, ["-bash", "-c", "echo a b"]);
});

Deno.test("shellCommand() executes a command of several words as it is", () => {
  assertEquals(shellCommand(["ls", "a b"], OPTIONS).argv, [
    "-bash",
    "-c",
    'exec "$@"',
    "sh",
    "ls",
    "a b",
  ]);
});

Deno.test("shellCommand() runs a file that is not executable as a script", () => {
  const isPlainFile = (path: string) => path === "/opt/job.sh";
  assertEquals(shellCommand(["/opt/job.sh", "1"], { ...OPTIONS, isPlainFile }).argv, [
    "-bash",
    "/opt/job.sh",
    "1",
  ]);
});
