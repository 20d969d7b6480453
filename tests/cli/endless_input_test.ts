/** Inputs that never begin or never end: they can be interrupted, or are refused. */
import { assertEquals, assertMatch } from "@std/assert";
import { gzipSync } from "node:zlib";
import { enrootCommand, makeHome, runEnroot, TEST_UID, type TestHome } from "../support/enroot.ts";
import { writeLayout } from "../support/oci_layout.ts";
import { tarArchive } from "../support/tar_archive.ts";

/** Milliseconds that are far more than it takes. */
const SOON = 60_000;
const TOO_MUCH = "more than 1073741824 bytes after the end of the archive";

/** What is in a home without what a test has put there, by name. */
function names(home: TestHome): string[] {
  return [...Deno.readDirSync(home.path)].map(({ name }) => name).sort();
}

function makePipe(path: string): void {
  const { success } = new Deno.Command("mkfifo", {
    args: [path],
    ...(Deno.uid() === 0 ? { uid: TEST_UID, gid: TEST_UID } : {}),
  }).outputSync();
  assertEquals(success, true);
}

/** An archive of one file, and more zeros than a reader puts up with, in 1.2 MB. */
function archiveWithTail(): Uint8Array {
  const zeros = gzipSync(new Uint8Array(16 << 20));
  const parts = [gzipSync(tarArchive([{ path: "file" }])), ...Array(65).fill(zeros)];
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  for (const writer of ["no writer", "a writer that says nothing"]) {
    Deno.test(`import of a pipe with ${writer} ends with ${signal}`, async () => {
      using home = makeHome();
      makePipe(`${home.path}/pipe`);
      const before = names(home);
      const child = enrootCommand(["import", "-o", "image.sqsh", "tar:pipe"], { home }).spawn();
      const deadline = setTimeout(() => child.kill("SIGKILL"), SOON);
      await untilMore(home, before);
      using _writer = writer === "no writer"
        ? null
        : Deno.openSync(`${home.path}/pipe`, { read: true, write: true });
      await new Promise((resolve) => setTimeout(resolve, 500));
      child.kill(signal);
      const { signal: died } = await child.output();
      clearTimeout(deadline);
      assertEquals(died, signal);
      assertEquals(names(home), before);
    });
  }
}

Deno.test("import and load read an archive from a pipe", async () => {
  using home = makeHome();
  makePipe(`${home.path}/pipe`);
  for (const args of [["import", "-o", "image.sqsh"], ["load", "-n", "box"]]) {
    const running = runEnroot([...args, "tar:pipe"], { home, timeout: SOON });
    await Deno.writeFile(`${home.path}/pipe`, tarArchive([{ path: "file", data: "text" }]));
    const { code, stderr } = await running;
    assertEquals(code, 0, stderr);
  }
  assertEquals(Deno.readTextFileSync(`${home.data}/box/file`), "text");
});

Deno.test("load refuses an archive with no end of zeros behind it", async () => {
  using home = makeHome();
  Deno.writeFileSync(`${home.path}/archive.tar.gz`, archiveWithTail());
  const args = ["load", "-n", "box", "tar:archive.tar.gz"];
  const { code, stderr } = await runEnroot(args, { home, timeout: SOON });
  assertEquals([code, stderr.split("\n").slice(1)], [
    1,
    [`[ERROR] Cannot read archive.tar.gz: ${TOO_MUCH}`, ""],
  ]);
  assertEquals([...Deno.readDirSync(home.data)], []);
});

Deno.test("load refuses a layer with no end of zeros behind it", async () => {
  using home = makeHome();
  writeLayout(`${home.path}/layout`, [
    { layers: [{ tar: archiveWithTail(), compression: "none" }] },
  ]);
  const { code, stderr } = await runEnroot(["load", "-n", "box", "oci:layout"], {
    home,
    timeout: SOON,
  });
  assertEquals(code, 1);
  assertMatch(stderr, /^\[ERROR\] Cannot read layer sha256:[0-9a-f]{64}: more than 1073741824 /m);
  assertEquals([...Deno.readDirSync(home.data)], []);
});

/** Waits until the program has begun to make an image. */
async function untilMore(home: TestHome, before: string[]): Promise<void> {
  for (let tries = 0; tries < SOON / 50 && names(home).length === before.length; tries++) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
