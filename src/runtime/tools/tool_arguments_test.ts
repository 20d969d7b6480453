import { assertEquals, assertThrows } from "@std/assert";
import { EnrootError } from "../../diagnostics/mod.ts";
import { readToolArguments } from "./tool_arguments.ts";

const KNOWN = { switches: ["user"], values: ["target"] };

function read(...args: string[]) {
  const { options, operands } = readToolArguments(args, KNOWN);
  return [Object.fromEntries(options), operands];
}

Deno.test("readToolArguments() takes options up to the first operand", () => {
  assertEquals(read(), [{}, []]);
  assertEquals(read("--user", "--target", "5", "sh", "--user"), [
    { user: "", target: "5" },
    ["sh", "--user"],
  ]);
  assertEquals(read("--target", "--user", "-"), [{ target: "--user" }, ["-"]]);
});

Deno.test("readToolArguments() refuses what it does not know", () => {
  for (const args of [["--nonsense"], ["--target"], ["--user=x"], ["--"]]) {
    assertThrows(() => read(...args), EnrootError, `Invalid argument: ${args[0]}`);
  }
});
