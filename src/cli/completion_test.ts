import { assertEquals, assertStringIncludes } from "@std/assert";
import { type Needs, requiring } from "../../tests/support/requires.ts";
import { embeddedFile } from "../config/mod.ts";
import { COMMANDS, isCommandName } from "./command_table.ts";

const NEEDS: Needs = { programs: ["bash"] };

/** What bash would offer for the last of these words. */
function complete(words: string[]): string[] {
  const script = `compopt() { :; }; enroot() { echo box; }; source "$1"; shift
    COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _enroot; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout } = new Deno.Command("bash", {
    args: ["-c", script, "bash", embeddedFile("completions/enroot.bash").pathname, ...words],
  }).outputSync();
  return new TextDecoder().decode(stdout).split("\n").filter((line) => line !== "");
}

Deno.test({
  ...requiring(NEEDS, "the completion for bash offers every command"),
  fn() {
    assertEquals(complete(["enroot", ""]).sort(), [...Object.keys(COMMANDS), "help"].sort());
    assertEquals(complete(["enroot", "re"]), ["remove"]);
  },
});

for (const name of Object.keys(COMMANDS).filter(isCommandName)) {
  Deno.test({
    ...requiring(NEEDS, `the completion for bash offers every option of ${name}`),
    fn() {
      const options = COMMANDS[name].options.map(({ long }) => `--${long}`);
      assertEquals(complete(["enroot", name, "--"]).sort(), [...options, "--help"].sort());
    },
  });
}

Deno.test({
  ...requiring(NEEDS, "the completion for bash offers containers"),
  fn() {
    assertStringIncludes(complete(["enroot", "start", "b"]).join(), "box");
    assertEquals(complete(["enroot", "remove", "--force", ""]), ["box"]);
  },
});
