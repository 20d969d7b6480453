import { assertEquals, assertMatch } from "@std/assert";
import { fileURLToPath } from "node:url";

const WITH_STD = fileURLToPath(new URL("./with_std.ts", import.meta.url));
const OFFLINE_MAP = fileURLToPath(new URL("./offline/import_map.json", import.meta.url));

function withStd(args: string[], env: Record<string, string>) {
  const { code, stdout, stderr } = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", WITH_STD, ...args],
    env,
  }).outputSync();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: text(stdout), stderr: text(stderr) };
}

Deno.test("with_std.ts runs Deno with the import map that was chosen before", () => {
  const program = Deno.makeTempFileSync({ suffix: ".ts" });
  try {
    Deno.writeTextFileSync(
      program,
      `import { parseArgs } from "@std/cli/parse-args";
       console.log(Deno.env.get("ENROOT_IMPORT_MAP"), parseArgs(Deno.args, { boolean: ["x"] }).x);
       Deno.exit(7);`,
    );
    assertEquals(withStd(["run", "-A", program, "--x"], { ENROOT_IMPORT_MAP: OFFLINE_MAP }), {
      code: 7,
      stdout: `${OFFLINE_MAP} true\n`,
      stderr: "",
    });
  } finally {
    Deno.removeSync(program);
  }
});

Deno.test("with_std.ts needs to know what to run", () => {
  const { code, stderr } = withStd([], {});
  assertEquals(code, 1);
  assertMatch(stderr, /^usage: /);
});
