import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { byteStringFromText } from "../../bytes/mod.ts";
import { EnrootError } from "../../diagnostics/mod.ts";
import { type Attributes, type Directory, emptyDirectory, type Inode } from "../../fstree/mod.ts";
import { placeTree, type StagedData, Staging } from "../mod.ts";

// The C library stays loaded, which the test runner would call a leak.
const resident = { sanitizeResources: false };

const OWN: Attributes = { mode: 0o644, uid: 0, gid: 0, mtime: 1000, xattrs: null };

type Children = Record<string, Inode<StagedData>>;

function directory(children: Children, mode = 0o755): Directory<StagedData> {
  const made = { ...emptyDirectory<StagedData>({ mtime: 2000 }), mode };
  for (const [name, child] of Object.entries(children)) made.children.set(name, child);
  return made;
}

/** Stages a file whose pieces are data, or holes of so many bytes. */
function file(
  staging: Staging,
  pieces: (string | number)[],
  attributes: Partial<Attributes> = {},
): Inode<StagedData> {
  const size = pieces.reduce<number>(
    (sum, piece) => sum + (typeof piece === "number" ? piece : piece.length),
    0,
  );
  using files = staging.open();
  files.beginFile(size);
  for (const piece of pieces) {
    if (typeof piece === "number") files.writeHole(piece);
    else files.write(new TextEncoder().encode(piece));
  }
  return { kind: "file", ...OWN, ...attributes, size, content: files.endFile() };
}

interface Stage {
  path: string;
  staging: Staging;
  place(tree: Directory<StagedData>, allTime?: number): Promise<void>;
  /** The directory that was made. */
  made: string;
}

function placementTest(name: string, action: (stage: Stage) => Promise<void>): void {
  Deno.test({
    name,
    ...resident,
    async fn() {
      const path = Deno.makeTempDirSync();
      try {
        using staging = new Staging(byteStringFromText(`${path}/staged`));
        const made = `${path}/made`;
        const place = (tree: Directory<StagedData>, allTime: number | null = null) =>
          placeTree(tree, {
            path: byteStringFromText(made),
            staging,
            allTime,
            keepPrivileges: true,
          });
        await action({ path, staging, place, made });
      } finally {
        new Deno.Command("chmod", { args: ["-R", "u+rwx", path] }).outputSync();
        Deno.removeSync(path, { recursive: true });
      }
    },
  });
}

placementTest("placeTree() moves data to its places", async ({ staging, place, made }) => {
  const tree = directory({
    a: file(staging, ["one"]),
    empty: file(staging, []),
    d: directory({ b: file(staging, ["two", "three"], { mode: 0o4711, mtime: 5 }) }, 0o1500),
    unused: file(staging, ["dropped"]),
  });
  tree.children.delete("unused");
  await place(tree);
  assertEquals([...Deno.readDirSync(made)].map(({ name }) => name).sort(), ["a", "d", "empty"]);
  assertEquals(Deno.readTextFileSync(`${made}/a`), "one");
  assertEquals(Deno.readTextFileSync(`${made}/d/b`), "twothree");
  assertEquals(Deno.statSync(`${made}/empty`).size, 0);
  const modeAndTime = (name: string) => {
    const { mode, mtime } = Deno.statSync(`${made}/${name}`);
    return [(mode ?? 0) & 0o7777, (mtime?.getTime() ?? 0) / 1000];
  };
  assertEquals(modeAndTime("a"), [0o644, 1000]);
  assertEquals(modeAndTime("d"), [0o1700, 2000]);
  assertEquals(modeAndTime("d/b"), [0o4711, 5]);
});

placementTest("placeTree() keeps times as an image would", async ({ staging, place, made }) => {
  const tree = directory({
    half: file(staging, [], { mtime: 10.75 }),
    before: file(staging, ["x"], { mtime: -1.5 }),
    late: file(staging, ["x"], { mtime: 2 ** 33 }),
  });
  await place(tree);
  const time = (name: string) => (Deno.statSync(`${made}/${name}`).mtime?.getTime() ?? 0) / 1000;
  assertEquals(["half", "before", "late"].map(time), [10, 0, 0xffffffff]);
  Deno.removeSync(made, { recursive: true });
  await place(directory({ half: file(staging, [], { mtime: 10.75 }) }), 77);
  assertEquals([time("half"), time("")], [77, 77]);
});

for (
  const [how, linkable] of [["links", true], ["copies, where links are impossible", false]] as const
) {
  placementTest(`placeTree() makes files with several names: ${how}`, async (stage) => {
    const { staging, place, made } = stage;
    if (!linkable) staging.link = () => false;
    const large = file(staging, [3 << 20, "data", 5 << 20, "end"], { mode: 0o600 });
    const link: Inode<StagedData> = { kind: "symlink", ...OWN, target: "nowhere" };
    const pipe: Inode<StagedData> = { kind: "fifo", ...OWN };
    const none = file(staging, []);
    await place(directory({
      a: large,
      b: directory({ c: large, d: large, link, none, pipe }),
      link2: link,
      none2: none,
      pipe2: pipe,
    }));
    const inode = (name: string) => Deno.lstatSync(`${made}/${name}`).ino;
    assertEquals(inode("a") === inode("b/c") && inode("a") === inode("b/d"), linkable);
    assertEquals(Deno.lstatSync(`${made}/a`).nlink, linkable ? 3 : 1);
    for (const [one, two] of [["b/link", "link2"], ["b/none", "none2"], ["b/pipe", "pipe2"]]) {
      assertEquals(inode(one ?? ""), inode(two ?? ""));
    }
    const expected = new Uint8Array((8 << 20) + 7);
    new TextEncoder().encodeInto("data", expected.subarray(3 << 20));
    new TextEncoder().encodeInto("end", expected.subarray((8 << 20) + 4));
    for (const name of ["a", "b/c", "b/d"]) {
      assertEquals(Deno.readFileSync(`${made}/${name}`), expected);
      const { blocks, mode, mtime } = Deno.statSync(`${made}/${name}`);
      assert((blocks ?? 0) * 512 < 1 << 20);
      assertEquals([(mode ?? 0) & 0o7777, mtime?.getTime()], [0o600, 1_000_000]);
    }
  });
}

placementTest("placeTree() stages any number of files", async ({ staging, place, made }) => {
  const children: Children = {};
  for (let index = 0; index < 9000; index++) children[`${index}`] = file(staging, [`${index}`]);
  await place(directory(children));
  for (const index of [0, 4095, 4096, 8191, 8192, 8999]) {
    assertEquals(Deno.readTextFileSync(`${made}/${index}`), `${index}`);
  }
});

placementTest("placeTree() says what it left out", async ({ staging, place, made }) => {
  const device = { kind: "character" as const, ...OWN, major: 1, minor: 3 };
  await place(directory({ null: device, file: file(staging, ["x"]) }));
  assertEquals([...Deno.readDirSync(made)].map(({ name }) => name), ["file"]);
});

placementTest("placeTree() leaves nothing behind when a file fails", async (stage) => {
  const { path, staging, place, made } = stage;
  const lost = file(staging, ["x"]);
  Deno.removeSync(`${path}/staged/0/0`);
  await assertRejects(
    () => place(directory({ d: directory({ lost }, 0o500) })),
    EnrootError,
    "Cannot extract /d/lost: No such file or directory",
  );
  assertThrows(() => Deno.lstatSync(made), Deno.errors.NotFound);
});

placementTest("Staging takes several files at a time", async ({ staging, place, made }) => {
  using one = staging.open();
  using two = staging.open();
  one.beginFile(6);
  two.beginFile(3);
  one.write(new TextEncoder().encode("one"));
  two.write(new TextEncoder().encode("two"));
  one.write(new TextEncoder().encode("one"));
  const [size1, size2] = [{ size: 6, content: one.endFile() }, { size: 3, content: two.endFile() }];
  await place(directory({
    one: { kind: "file", ...OWN, ...size1 },
    two: { kind: "file", ...OWN, ...size2 },
  }));
  assertEquals(Deno.readTextFileSync(`${made}/one`), "oneone");
  assertEquals(Deno.readTextFileSync(`${made}/two`), "two");
});

Deno.test({
  name: "Staging says where it cannot be",
  ...resident,
  fn() {
    assertThrows(
      () => new Staging("/nonexistent/staging"),
      EnrootError,
      "Cannot create directory /nonexistent/staging: No such file or directory",
    );
  },
});
