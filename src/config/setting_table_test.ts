import { assertEquals } from "@std/assert";
import { loadSettings } from "./load_settings.ts";
import { embeddedFile } from "./search_path.ts";
import { SETTINGS } from "./setting_table.ts";

Deno.test("SETTINGS gives every field of Settings a value", () => {
  const environment = { HOME: "/h", ENROOT_SYSCONF_PATH: "/nonexistent" };
  const { variables: _, ...fields } = loadSettings({ environment });
  const known = SETTINGS.flatMap((spec) => spec.kind === "unused" ? [] : [spec.field]);
  assertEquals(Object.keys(fields).sort(), [...known].sort());
  assertEquals(Object.values(fields).filter((value) => value === undefined), []);
});

Deno.test("conf/enroot.conf shows every setting with its meaning and default", () => {
  const settings = SETTINGS.map(({ name, fallback, meaning }) =>
    `# ${meaning}\n#${`${name.padEnd(26)} ${fallback}`.trimEnd()}\n`
  );
  const text = Deno.readTextFileSync(embeddedFile("enroot.conf"));
  for (const setting of settings) {
    assertEquals(text.includes(setting), true, `missing in conf/enroot.conf:\n${setting}`);
  }
});
