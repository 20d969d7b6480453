import { assertEquals } from "@std/assert";
import { makeHome, runEnroot } from "../support/enroot.ts";

const { version } = JSON.parse(
  Deno.readTextFileSync(new URL("../../deno.json", import.meta.url)),
);

Deno.test("enroot version prints the version of deno.json, alone on a line", async () => {
  assertEquals(await runEnroot(["version"]), {
    code: 0,
    signal: null,
    stdout: `${version}\n`,
    stderr: "",
  });
});

Deno.test("enroot version does not care about a broken configuration", async () => {
  using home = makeHome();
  Deno.writeTextFileSync(`${home.sysconf}/enroot.conf`, "ENROOT_DATA_PATH '\n");
  const env = { ENROOT_MAX_PROCESSORS: "x", HOME: undefined };
  assertEquals((await runEnroot(["version"], { home, env })).stdout, `${version}\n`);
});

Deno.test("enroot version leaves no file behind", async () => {
  using home = makeHome();
  await runEnroot(["version"], { home });
  const files = (path: string): string[] =>
    [...Deno.readDirSync(path)].flatMap(({ name, isDirectory }) =>
      isDirectory ? files(`${path}/${name}`) : [`${path}/${name}`]
    );
  assertEquals(files(home.path), []);
});
