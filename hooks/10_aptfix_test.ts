import { assertEquals } from "@std/assert";
import { aptfix } from "./10_aptfix.ts";
import { hookDouble } from "../tests/support/hook_double.ts";

const PATH = "/etc/apt/apt.conf.d/enroot";
const DEBIAN = { "/etc/debian_version": "12.5\n" };

Deno.test("aptfix lets apt stay root in Debian with --root, and writes once", () => {
  const context = hookDouble({ remapRoot: true, files: DEBIAN });
  aptfix.run(context);
  assertEquals(context.files.read(PATH), 'APT::Sandbox::User "root";\n');
  context.files.writes.length = 0;
  aptfix.run(context);
  assertEquals(context.files.writes, []);
});

Deno.test("aptfix leaves other containers alone", () => {
  for (const situation of [{ files: DEBIAN }, { remapRoot: true, files: { "/etc/": "" } }]) {
    const context = hookDouble(situation);
    aptfix.run(context);
    assertEquals(context.files.writes, []);
  }
});
