import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import {
  type Attributes,
  type Directory,
  emptyDirectory,
  type Inode,
  lookup,
  splitPath,
  TreeError,
  TreeLayer,
  walk,
} from "./mod.ts";

const ATTRIBUTES: Attributes = { mode: 0o644, uid: 0, gid: 0, mtime: 1, xattrs: null };

function file(content: string): Inode<string> {
  return { kind: "file", ...ATTRIBUTES, size: content.length, content };
}

function directory(mode = 0o755): Inode<string> {
  return { kind: "directory", ...ATTRIBUTES, mode, children: new Map() };
}

function symlink(target: string): Inode<string> {
  return { kind: "symlink", ...ATTRIBUTES, target };
}

type Step = (layer: TreeLayer<string>) => void;
const add = (path: string, inode: Inode<string> = file(path)): Step => (layer) =>
  layer.add(splitPath(path), inode);
const link = (path: string, target: string): Step => (layer) =>
  layer.link(splitPath(path), splitPath(target));
const hide = (path: string): Step => (layer) => layer.hide(splitPath(path));
const hideChildren = (path: string): Step => (layer) => layer.hideChildren(splitPath(path));

/** The tree that layers make, bottom first. */
function tree(...layers: Step[][]): Directory<string> {
  const root = emptyDirectory<string>({ mtime: 0 });
  for (const steps of layers) {
    const layer = new TreeLayer(root);
    for (const step of steps) step(layer);
  }
  return root;
}

/** Every path of a tree, directories with a slash, files and links with what they hold. */
function listing(root: Directory<string>): string[] {
  return [...walk(root)].slice(1).map(({ path, inode }) => {
    switch (inode.kind) {
      case "directory":
        return `${path}/`;
      case "file":
        return inode.content === path ? path : `${path}=${inode.content}`;
      case "symlink":
        return `${path}->${inode.target}`;
      default:
        return path;
    }
  });
}

Deno.test("walk() visits directories before their children, in byte order", () => {
  const root = tree([add("b/z"), add("b-"), add("b/a/deep"), add("a"), add("\xff"), add("B")]);
  assertEquals(listing(root), ["B", "a", "b/", "b/a/", "b/a/deep", "b/z", "b-", "\xff"]);
});

Deno.test("walk() takes trees of any depth", () => {
  const path = Array.from({ length: 2000 }, () => "d").join("/");
  assertEquals(listing(tree([add(path)])).length, 2000);
});

Deno.test("splitPath() drops what means nothing and refuses what leads out of the tree", () => {
  assertEquals(splitPath("/a//./b/"), ["a", "b"]);
  assertEquals(splitPath("./"), []);
  assertEquals(splitPath("..a/...b"), ["..a", "...b"]);
  assertEquals(splitPath("opt/a/../b/./c/d/../.."), ["opt", "b"]);
  assertEquals(splitPath("a/.."), []);
  for (const path of ["..", "../a", "a/../../b", "/..", "a/./../..//a"]) {
    assertThrows(() => splitPath(path), TreeError, '".." in path leads out of the root');
  }
  assertThrows(() => splitPath("a\0b"), TreeError, "NUL");
});

Deno.test("splitPath() refuses names and paths that Linux would refuse", () => {
  assertEquals(splitPath("n".repeat(255)).length, 1);
  assertThrows(() => splitPath("n".repeat(256)), TreeError, "name too long");
  assertEquals(splitPath("a/".repeat(2047)).length, 2047);
  assertThrows(() => splitPath("a/".repeat(2048)), TreeError, "path too long");
});

Deno.test("TreeLayer.add() makes missing directories, with the time of what needs them", () => {
  const root = tree([add("a/b/file")]);
  const made = lookup(root, ["a", "b"]);
  assertEquals(made?.mode, 0o755);
  assertEquals(made?.mtime, 1);
});

Deno.test("TreeLayer.add() merges directories and replaces everything else", () => {
  const below = [add("d/kept"), add("f/gone"), add("s", symlink("d")), add("g")];
  const root = tree(below, [
    add("d", directory(0o700)),
    add("f", file("new")),
    add("s", directory()),
    add("g/", directory()),
  ]);
  assertEquals(listing(root), ["d/", "d/kept", "f=new", "g/", "s/"]);
  assertEquals(lookup(root, ["d"])?.mode, 0o700);
});

Deno.test("TreeLayer.add() changes the attributes of the root, which stays a directory", () => {
  const root = tree([add("a"), add("/", directory(0o700))]);
  assertEquals([root.mode, listing(root)], [0o700, ["a"]]);
  assertThrows(() => tree([add("./")]), TreeError, "root is a directory");
});

Deno.test("TreeLayer.add() follows links on the way, not at the end", () => {
  const root = tree([
    add("usr/lib/x"),
    add("lib", symlink("usr/lib")),
    add("abs", symlink("/usr")),
    add("lib/y"),
    add("abs/lib/z"),
    add("abs", file("new")),
  ]);
  assertEquals(listing(root), [
    "abs=new",
    "lib->usr/lib",
    "usr/",
    "usr/lib/",
    "usr/lib/x",
    "usr/lib/y=lib/y",
    "usr/lib/z=abs/lib/z",
  ]);
});

Deno.test("TreeLayer.add() never follows a link out of the tree", () => {
  const root = tree([
    add("up", symlink("../../..")),
    add("a/far", symlink("/../../etc")),
    add("a/b/rel", symlink("../../../../tmp")),
    add("up/one"),
    add("a/far/two"),
    add("a/b/rel/three"),
  ]);
  assertEquals(lookup(root, ["one"])?.kind, "file");
  assertEquals(lookup(root, ["etc", "two"])?.kind, "file");
  assertEquals(lookup(root, ["tmp", "three"])?.kind, "file");
});

Deno.test("TreeLayer.add() goes up from where a link has led, as the kernel does", () => {
  const root = tree([
    add("x/y/z/"),
    add("x/y/z", directory()),
    add("a", symlink("x/y/z")),
    add("b", symlink("a/../new")),
    add("b/file"),
  ]);
  assertEquals(lookup(root, ["x", "y", "new", "file"])?.kind, "file");
});

Deno.test("TreeLayer.add() gives up on links in circles, after as many as Linux follows", () => {
  assertThrows(
    () => tree([add("a", symlink("b")), add("b", symlink("a")), add("a/x")]),
    TreeError,
    "too many levels of symbolic links",
  );
  const chain = (length: number) =>
    Array.from({ length }, (_, index) => add(`l${index}`, symlink(`l${index + 1}`)));
  assertEquals(
    lookup(tree([...chain(40), add("l40/f"), add("l0/x")]), ["l40", "x"])?.kind,
    "file",
  );
  assertThrows(() => tree([...chain(41), add("l41/f"), add("l0/x")]), TreeError, "symbolic links");
});

Deno.test("TreeLayer.add() bounds the depth that links lead to", () => {
  const deep = "d/".repeat(1500);
  assertThrows(
    () => tree([add(`${deep}f`), add("s", symlink(deep)), add(`s/${deep}f`)]),
    TreeError,
    "too many levels of directories",
  );
});

Deno.test("TreeLayer.add() refuses a path through something that is no directory", () => {
  assertThrows(() => tree([add("a/f"), add("a/f/x")]), TreeError, "a/f is not a directory");
  assertThrows(
    () => tree([add("f"), add("s", symlink("f")), add("s/x")]),
    TreeError,
    "f is not a directory",
  );
});

Deno.test("TreeLayer.add() has what lower layers have give way to directories", () => {
  assertEquals(listing(tree([add("a")], [add("a/b/c")])), ["a/", "a/b/", "a/b/c"]);
  assertEquals(listing(tree([add("d/a")], [link("d/a/b", "d/a")])), ["d/", "d/a/", "d/a/b=d/a"]);
  assertEquals(listing(tree([add("a")], [add("a/b"), hide("a")])), ["a/", "a/b"]);
  assertEquals(listing(tree([add("a")], [hide("a"), add("a/b")])), ["a/", "a/b"]);
  assertEquals(lookup(tree([add("a")], [add("a/b")]), ["a"])?.mtime, 1);
  assertThrows(() => tree([add("a")], [add("a"), add("a/b")]), TreeError, "a is not a directory");
});

Deno.test("TreeLayer.add() has links of lower layers that lead to no directory give way", () => {
  assertEquals(
    listing(tree([add("d/f"), add("e/s", symlink("/d/g")), add("d/g", symlink("f"))], [
      add("e/s/x/y"),
    ])),
    ["d/", "d/f", "d/g->f", "e/", "e/s/", "e/s/x/", "e/s/x/y"],
  );
  assertEquals(
    listing(tree([add("s", symlink("t")), add("t", symlink("s"))], [add("s/x"), add("t/y")])),
    ["s/", "s/x", "s/y=t/y", "t->s"],
  );
  // The second link of the path is the one that leads nowhere.
  assertEquals(
    listing(tree([add("d/s", symlink("../f")), add("l", symlink("d")), add("f")], [add("l/s/x")])),
    ["d/", "d/s/", "d/s/x=l/s/x", "f", "l->d"],
  );
  assertThrows(
    () => tree([add("f")], [add("s", symlink("f")), add("s/x")]),
    TreeError,
    "f is not a directory",
  );
});

Deno.test("TreeLayer.add() follows links of lower layers that lead to directories", () => {
  const below = [add("usr/bin/a"), add("bin", symlink("usr/bin")), add("new", symlink("/made"))];
  assertEquals(listing(tree(below, [add("bin/b"), add("new/c")])), [
    "bin->usr/bin",
    "made/",
    "made/c=new/c",
    "new->/made",
    "usr/",
    "usr/bin/",
    "usr/bin/a",
    "usr/bin/b=bin/b",
  ]);
});

Deno.test("TreeLayer.link() makes another name for the same file, of any layer", () => {
  const root = tree([add("a")], [add("b"), link("c/d", "b"), link("e", "a"), link("a", "a")]);
  assertStrictEquals(lookup(root, ["c", "d"]), lookup(root, ["b"]));
  assertStrictEquals(lookup(root, ["e"]), lookup(root, ["a"]));
});

Deno.test("TreeLayer.link() links to links, and through them", () => {
  const root = tree([add("d/f"), add("s", symlink("d")), link("x", "s"), link("y", "s/f")]);
  assertStrictEquals(lookup(root, ["x"]), lookup(root, ["s"]));
  assertStrictEquals(lookup(root, ["y"]), lookup(root, ["d", "f"]));
});

Deno.test("TreeLayer.link() refuses targets that are missing or directories", () => {
  assertThrows(() => tree([link("a", "b")]), TreeError, "no such file");
  assertThrows(() => tree([link("a", "b/c")]), TreeError, "no such file");
  assertThrows(() => tree([add("d", directory()), link("a", "d")]), TreeError, "is a directory");
  assertThrows(() => tree([link("a", "/")]), TreeError, "is a directory");
});

Deno.test("TreeLayer.hide() removes what lower layers have", () => {
  const below = [add("a"), add("d/e/f"), add("d/g"), add("s", symlink("d"))];
  assertEquals(listing(tree(below, [hide("a"), hide("d/e")])), ["d/", "d/g", "s->d"]);
  assertEquals(listing(tree(below, [hide("s/g")])), ["a", "d/", "d/e/", "d/e/f", "s->d"]);
  assertEquals(listing(tree(below, [hide("s")])), ["a", "d/", "d/e/", "d/e/f", "d/g"]);
});

Deno.test("TreeLayer.hide() does nothing where there is nothing", () => {
  assertEquals(listing(tree([add("a")], [hide("b"), hide("c/d")])), ["a"]);
  assertThrows(() => tree([add("a")], [hide(".")]), TreeError, "root cannot be removed");
  const below = [add("a"), add("s", symlink("a")), add("loop", symlink("loop"))];
  for (const path of ["a", "a/b", "s/b", "loop/b"]) {
    const steps = [hide(`${path}/x`), hideChildren(path)];
    assertEquals(listing(tree(below, steps)), ["a", "loop->loop", "s->a"], path);
  }
});

/** A layer's steps must give the same tree in every order. */
function inEveryOrder(below: Step[], steps: Step[], expected: string[]): void {
  for (const order of permutations(steps)) {
    assertEquals(listing(tree(below, order)), expected);
  }
}

function permutations<T>(items: T[]): T[][] {
  if (items.length <= 1) return [items];
  return items.flatMap((item, index) =>
    permutations(items.toSpliced(index, 1)).map((rest) => [item, ...rest])
  );
}

Deno.test("TreeLayer.hide() keeps what its own layer adds, in whatever order", () => {
  inEveryOrder([add("a", file("old"))], [hide("a"), add("a", file("new"))], ["a=new"]);
  inEveryOrder(
    [add("d/old"), add("d/e/old")],
    [hide("d"), add("d/new"), add("d/e/new")],
    ["d/", "d/e/", "d/e/new", "d/new"],
  );
});

Deno.test("TreeLayer.hideChildren() keeps what its own layer adds, in whatever order", () => {
  inEveryOrder(
    [add("d/old"), add("d/e/old"), add("d/f/old"), add("kept")],
    [hideChildren("d"), add("d/new"), add("d/e/new"), add("d/f", directory())],
    ["d/", "d/e/", "d/e/new", "d/f/", "d/new", "kept"],
  );
  inEveryOrder(
    [add("d/old"), add("d/e/f/old")],
    [hideChildren("d"), hideChildren("d/e"), add("d/e/f/new"), hide("d/e/f")],
    ["d/", "d/e/", "d/e/f/", "d/e/f/new"],
  );
});

Deno.test("TreeLayer.hideChildren() keeps names that link to files of lower layers", () => {
  inEveryOrder(
    [add("a", file("old")), add("d/b")],
    [hideChildren("d"), link("d/c", "a")],
    ["a=old", "d/", "d/c=old"],
  );
});

Deno.test("TreeLayer.hideChildren() leaves the directory, its attributes and missing ones alone", () => {
  const root = tree([add("d", directory(0o711)), add("d/x")], [
    hideChildren("d"),
    hideChildren("missing"),
  ]);
  assertEquals(listing(root), ["d/"]);
  assertEquals(lookup(root, ["d"])?.mode, 0o711);
  assertEquals(listing(tree([add("a")], [hideChildren("")])), []);
});

Deno.test("a layer hides what a lower layer has added after hiding it", () => {
  const layers = [[add("d/a")], [hideChildren("d"), add("d/b")], [hideChildren("d"), add("d/c")]];
  assertEquals(listing(tree(...layers)), ["d/", "d/c"]);
});

Deno.test("TreeLayer finds files by the way there is now, not the one that was", () => {
  const below = [add("a/x", file("below")), add("b/x", file("below")), add("l", symlink("a"))];
  assertEquals(
    listing(tree(below, [add("l/one"), add("l", symlink("b")), add("l/two"), link("k", "l/x")])),
    ["a/", "a/one=l/one", "a/x=below", "b/", "b/two=l/two", "b/x=below", "k=below", "l->b"],
  );
  assertEquals(
    listing(tree(below, [link("k", "l/x"), hide("l"), add("l/one"), add("l/x"), link("m", "l/x")])),
    ["a/", "a/x=below", "b/", "b/x=below", "k=below", "l/", "l/one", "l/x", "m=l/x"],
  );
  assertEquals(
    listing(tree(below, [add("a/one"), hideChildren(""), add("a/two"), add("b/one")])),
    ["a/", "a/one", "a/two", "b/", "b/one"],
  );
});

/** Milliseconds that are far more than it takes, and far less than when each file was sought anew. */
const SOON = 20_000;

for (
  const [what, layers] of [
    ["a long relative link", () => [[
      add("d/d/x"),
      add("l", symlink("d/../".repeat(800) + "d/d")),
      ...Array.from({ length: 300_000 }, (_, index) => add(`l/f${index}`)),
    ]]],
    ["a hundred thousand links to each other", () => [
      Array.from({ length: 100_000 }, (_, index) => add(`l${index}`, symlink(`l${index + 1}`))),
      Array.from({ length: 100_000 }, (_, index) => add(`l${index}/f`)),
    ]],
  ] as [string, () => Step[][]][]
) {
  Deno.test(`TreeLayer puts files behind ${what} in no time`, () => {
    const start = performance.now();
    tree(...layers());
    assert(performance.now() - start < SOON);
  });
}

Deno.test("TreeLayer refuses links that bring more names to paths than any image needs", () => {
  const layer = (files: number) => [
    add("one/x"),
    add("two/x"),
    add("l1", symlink("one/../".repeat(500) + "one")),
    add("l2", symlink("two/../".repeat(500) + "two")),
    ...Array.from({ length: files }, (_, index) => add(`l${index % 2 + 1}/f${index}`)),
  ];
  assertEquals(lookup(tree(layer(1000)), ["two", "f999"])?.kind, "file");
  assertThrows(() => tree(layer(1200)), TreeError, "too many symbolic links to follow");
  assertThrows(
    () =>
      tree([
        ...layer(0),
        ...Array.from({ length: 1200 }, (_, index) => hide(`l${index % 2 + 1}/f${index}`)),
      ]),
    TreeError,
    "too many symbolic links to follow",
  );
});
