/** The names that the program calls itself by, called by somebody else. */
import { assertEquals, assertMatch } from "@std/assert";
import { makeHome, programFiles } from "../support/enroot.ts";
import { requiring } from "../support/requires.ts";

const NAMES = [
  "enroot-runtime",
  "enroot-supervisor",
  "enroot-image-server",
  "enroot-mount",
  "enroot-nsenter",
  "enroot-switchroot",
];

for (const name of NAMES) {
  Deno.test({
    ...requiring({ programs: ["bash"] }, `${name} answers odd arguments with one line`),
    async fn() {
      using home = makeHome();
      const { command, args, env } = programFiles();
      for (
        const odd of [["x"], ["-1"], ["99999"], ["77", "78", "79"], ["--no-such-option"], ["1e3"]]
      ) {
        const { code, stdout, stderr } = await new Deno.Command("bash", {
          args: ["-c", `exec -a ${name} "$0" "$@"`, command, ...args, ...odd],
          env: { ...home.env, ...env },
          clearEnv: true,
          cwd: home.path,
          stdin: "null",
        }).output();
        const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
        assertMatch(decode(stderr), /^\[ERROR\] .*\n$/, `${name} ${odd.join(" ")}`);
        assertEquals([code, decode(stdout)], [1, ""], `${name} ${odd.join(" ")}`);
      }
    },
  });
}
