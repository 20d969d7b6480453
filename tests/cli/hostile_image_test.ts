/** Images that are made to keep the program busy: it ends, or can be ended, and leaves nothing. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { makeContainerHome } from "../support/container.ts";
import { enrootCommand, makeHome, runEnroot, type TestHome } from "../support/enroot.ts";
import { manyHoles, nestedDirectories, sharedListing } from "../support/hostile_images.ts";
import { imageTest } from "../support/fuse.ts";
import { until } from "../support/until.ts";

/** Milliseconds that are far more than it takes, and far less than it once took. */
const SOON = 60_000;

function homeWith(image: Uint8Array): TestHome {
  const home = makeHome();
  Deno.writeFileSync(`${home.path}/image.sqsh`, image);
  return home;
}

function create(home: TestHome) {
  return runEnroot(["create", "image.sqsh"], { home, timeout: SOON });
}

for (
  const [what, image, reason] of [
    [
      "directories that share a listing",
      () => sharedListing({ directories: 20_000, names: 100_000 }),
      "two directories with one listing",
    ],
    [
      "directories whose listings overlap",
      () => sharedListing({ directories: 390, names: 100_000, offset: 1 }),
      "too many names",
    ],
  ] as const
) {
  Deno.test(`create refuses an image of ${what}`, async () => {
    using home = homeWith(image());
    const { code, stderr } = await create(home);
    const [, error] = stderr.split("\n");
    assertEquals(
      [code, error],
      [
        1,
        `[ERROR] Invalid image format: ${home.path}/image.sqsh ` +
        `(Cannot read squashfs image: ${reason})`,
      ],
    );
    assertEquals([...Deno.readDirSync(home.data)], []);
  });
}

for (const name of ["d", "d".repeat(255)]) {
  Deno.test(`create and remove follow 8,000 directories in each other: ${name.length}`, async () => {
    using home = homeWith(nestedDirectories({ depth: 8_000, name }));
    const created = await create(home);
    assertEquals([created.code, created.signal], [0, null], created.stderr);
    assert(Deno.statSync(`${home.data}/image/${name}/${name}`).isDirectory);
    const removed = await runEnroot(["remove", "-f", "image"], { home, timeout: SOON });
    assertEquals([removed.code, removed.signal, removed.stderr], [0, null, ""]);
  });
}

Deno.test("create makes files of nothing but holes, however large, in no time", async () => {
  using home = homeWith(manyHoles({ files: 500, size: 64 * 2 ** 30 }));
  const { code, signal, stderr } = await create(home);
  assertEquals([code, signal], [0, null], stderr);
  const { size, blocks } = Deno.statSync(`${home.data}/image/000499`);
  assertEquals([size, blocks], [64 * 2 ** 30, 0]);
});

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  Deno.test(`create of an image of 300,000 names for one file ends with ${signal}`, async () => {
    using home = homeWith(sharedListing({ directories: 1, names: 300_000 }));
    const child = enrootCommand(["create", "image.sqsh"], { home }).spawn();
    const deadline = setTimeout(() => child.kill("SIGKILL"), SOON);
    await until(() => isMade(home));
    child.kill(signal);
    const { signal: died } = await child.output();
    clearTimeout(deadline);
    assertEquals(died, signal);
    assertEquals([...Deno.readDirSync(home.data)], []);
  });
}

/** `start` of an image: answered or refused, but soon. The images have no programs. */
for (
  const [what, image] of [
    [
      "directories that share a listing",
      () => sharedListing({ directories: 2_000, names: 100_000 }),
    ],
    ["files of nothing but holes", () => manyHoles({ files: 500, size: 64 * 2 ** 30 })],
    ["directories in each other", () => nestedDirectories({ depth: 8_000, name: "d" })],
  ] as const
) {
  imageTest(`start of an image of ${what} ends with a line that says why`, async () => {
    using home = homeWith(image());
    const { code, signal, stderr } = await runEnroot(["start", "image.sqsh", "true"], {
      home,
      timeout: SOON,
    });
    assertEquals([code === 0, signal], [false, null], stderr);
    assertMatch(stderr, /^\[ERROR\] .+\n$/);
  });

  imageTest(
    `a container walks through a mounted image of ${what}, or is told why not`,
    async () => {
      using home = await makeContainerHome();
      Deno.writeFileSync(`${home.path}/image.sqsh`, image());
      const mount = ["--mount", `${home.path}/image.sqsh:/mnt`];
      // The walk itself is cut short.
      const script = "ls -lR /mnt >/dev/null 2>&1 & sleep 3; kill $! 2>/dev/null; " +
        "head -c 65536 /mnt/000001 >/dev/null 2>&1; echo done";
      const child = enrootCommand(["start", ...mount, "box", "sh", "-c", script], { home }).spawn();
      const deadline = setTimeout(() => child.kill("SIGKILL"), SOON);
      const { signal, stdout, stderr } = await child.output();
      clearTimeout(deadline);
      const [output, errors] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
      assertEquals(signal, null, errors);
      if (!output?.endsWith("done\n")) assertMatch(errors ?? "", /^\[ERROR\] .*image\.sqsh.*\n$/);
    },
  );
}

/** Whether a container is being filled. */
function isMade(home: TestHome): boolean {
  try {
    return [...Deno.readDirSync(home.data)].some(({ name }) =>
      [...Deno.readDirSync(`${home.data}/${name}/rootfs`)].length > 0
    );
  } catch {
    return false;
  }
}
