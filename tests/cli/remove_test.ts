import { assertEquals } from "@std/assert";
import { makeHome, runEnroot, TEST_UID, type TestHome } from "../support/enroot.ts";

/** Makes directories in the place of containers. */
function makeContainers(home: TestHome, ...names: string[]): void {
  for (const name of names) {
    const path = `${home.data}/${name}`;
    Deno.mkdirSync(`${path}/closed/below`, { recursive: true });
    Deno.writeTextFileSync(`${path}/closed/file`, "");
    for (const part of ["closed/below", "closed/file", "closed", ""]) {
      if (Deno.uid() === 0) Deno.chownSync(`${path}/${part}`, TEST_UID, TEST_UID);
    }
    Deno.chmodSync(`${path}/closed`, 0);
  }
  if (Deno.uid() === 0) Deno.chownSync(home.data, TEST_UID, TEST_UID);
}

const left = (home: TestHome) => [...Deno.readDirSync(home.data)].map(({ name }) => name).sort();

Deno.test("remove --force asks nothing, whatever permissions are in the container", async () => {
  using home = makeHome();
  makeContainers(home, "a", "b", "c");
  const { code, stdout, stderr } = await runEnroot(["remove", "--force", "a", "c"], { home });
  assertEquals([code, stdout, stderr], [0, "", ""]);
  assertEquals(left(home), ["b"]);
});

Deno.test("remove takes an answer for each container, and the end of them for a no", async () => {
  using home = makeHome();
  makeContainers(home, "a", "b", "c", "d");
  const answers = { home, stdin: "y\nno\nY\n" };
  assertEquals((await runEnroot(["remove", "a", "b", "c", "d"], answers)).code, 1);
  assertEquals(left(home), ["b", "d"]);
  assertEquals((await runEnroot(["remove", "b"], { home })).code, 1);
  assertEquals((await runEnroot(["remove", "b"], { home, stdin: "n\n" })).code, 0);
  assertEquals(left(home), ["b", "d"]);
  const env = { ENROOT_FORCE_OVERRIDE: "y" };
  assertEquals((await runEnroot(["remove", "b"], { home, env })).code, 0);
  assertEquals(left(home), ["d"]);
});

Deno.test("remove refuses names that are none, and says what is missing", async () => {
  using home = makeHome();
  makeContainers(home, "a");
  for (
    const [name, message] of [
      ["a/closed", "Invalid argument: a/closed"],
      ["..", "Invalid argument: .."],
      [".", "Invalid argument: ."],
      ["", "Invalid argument: "],
      ["b", `No such file or directory: ${home.data}/b`],
    ] as const
  ) {
    const { code, stderr } = await runEnroot(["remove", "-f", name], { home });
    assertEquals([code, stderr.trimEnd()], [1, `[ERROR] ${message}`.trimEnd()]);
  }
  assertEquals(left(home), ["a"]);
});

Deno.test("remove can be called twice at the same time", async () => {
  using home = makeHome();
  makeContainers(home, "a");
  for (let index = 0; index < 2000; index++) {
    const path = `${home.data}/a/d${index % 50}`;
    Deno.mkdirSync(path, { recursive: true });
    Deno.writeTextFileSync(`${path}/${index}`, "");
    if (Deno.uid() === 0 && index < 50) Deno.chownSync(path, TEST_UID, TEST_UID);
  }
  const remove = () => runEnroot(["remove", "-f", "a"], { home });
  const runs = await Promise.all([remove(), remove()]);
  for (const { code, stderr } of runs) {
    const missing = `[ERROR] No such file or directory: ${home.data}/a\n`;
    if (code !== 0) assertEquals([code, stderr], [1, missing]);
  }
  assertEquals(left(home), []);
});
