import { assert, assertEquals } from "@std/assert";
import { createHash } from "node:crypto";
import { byteStringFromText } from "../../bytes/mod.ts";
import { type ProgramName, requires, requiring } from "../../../tests/support/requires.ts";
import { createTarReader, type TarEntry } from "./mod.ts";

/** Archives of one directory, written by every tool at hand in each of its formats. */

const LONG_NAME = "long-" + "n".repeat(230);
const DEEP = ["deep", "d".repeat(90), "e".repeat(90), "f"].join("/");
const SPARSE_SIZE = 3 * 1024 * 1024;

interface Case {
  tool: ProgramName;
  arguments: string[];
  /** What the format cannot hold; left out of the archive. */
  without?: string[];
  sparse?: boolean;
  xattrs?: boolean;
  fractions?: boolean;
}

const TOO_LONG_FOR_USTAR = [LONG_NAME, "long-link", "big-mtime"];
const CASES: Case[] = [
  { tool: "tar", arguments: ["--format=v7"], without: [...TOO_LONG_FOR_USTAR, "deep", "pipe"] },
  { tool: "tar", arguments: ["--format=ustar"], without: TOO_LONG_FOR_USTAR },
  { tool: "tar", arguments: ["--format=oldgnu", "--sparse"], sparse: true },
  { tool: "tar", arguments: ["--format=gnu", "--sparse"], sparse: true },
  { tool: "tar", arguments: ["--format=pax", "--xattrs"], xattrs: true, fractions: true },
  ...["0.0", "0.1", "1.0"].map((version): Case => ({
    tool: "tar",
    arguments: ["--format=pax", "--sparse", `--sparse-version=${version}`],
    sparse: true,
    fractions: true,
  })),
  { tool: "bsdtar", arguments: ["--format=v7"], without: [...TOO_LONG_FOR_USTAR, "deep", "pipe"] },
  { tool: "bsdtar", arguments: ["--format=ustar"], without: TOO_LONG_FOR_USTAR },
  // It cuts late times off here.
  { tool: "bsdtar", arguments: ["--format=gnutar"], without: ["big-mtime"] },
  {
    tool: "bsdtar",
    arguments: ["--format=pax", "--xattrs"],
    xattrs: true,
    sparse: true,
    fractions: true,
  },
  ...["USTAR", "GNU", "PAX"].map((format): Case => ({
    tool: "python3",
    arguments: [format],
    without: format === "USTAR" ? TOO_LONG_FOR_USTAR : [],
    fractions: format === "PAX",
  })),
];

const CAN_SET_XATTRS = requires({ programs: ["setfattr"], xattrs: true }) === undefined;

const PYTHON = `
import sys, tarfile
with tarfile.open(sys.argv[2], "w", format=getattr(tarfile, sys.argv[1] + "_FORMAT")) as archive:
    for name in sys.argv[3:]: archive.add(name)
`;

function run(command: string, args: string[], cwd = "/"): void {
  const { success, stderr } = new Deno.Command(command, { args, cwd }).outputSync();
  assert(success, `${command} ${args.join(" ")}: ${new TextDecoder().decode(stderr)}`);
}

/** A directory with one of everything a user may make. */
async function makeTree(directory: string): Promise<void> {
  const path = (name: string) => `${directory}/${name}`;
  await Deno.mkdir(path(DEEP), { recursive: true });
  await Deno.writeTextFile(path(`${DEEP}/leaf`), "leaf");
  await Deno.writeTextFile(path("plain"), "p".repeat(100_000), { mode: 0o755 });
  await Deno.writeTextFile(path("empty"), "");
  await Deno.writeTextFile(path("ünïcode"), "u");
  await Deno.writeTextFile(path(LONG_NAME), "long");
  await Deno.symlink("plain", path("symlink"));
  await Deno.symlink(`${"t".repeat(200)}/target`, path("long-link"));
  await Deno.link(path("plain"), path("z-hard"));
  await Deno.writeTextFile(path("big-mtime"), "");
  await Deno.utime(path("big-mtime"), 9_000_000_000, 9_000_000_000);
  await Deno.utime(path("empty"), 1_500_000_000.125, 1_500_000_000.125);
  await Deno.chmod(path("empty"), 0o4711);
  using sparse = await Deno.open(path("sparse"), { write: true, createNew: true });
  for (let at = 65536; at < SPARSE_SIZE; at += 131072) {
    await sparse.seek(at, Deno.SeekMode.Start);
    await sparse.write(new TextEncoder().encode(`data at ${at}`));
  }
  await sparse.truncate(SPARSE_SIZE);
  run("mkfifo", [path("pipe")]);
}

interface Read {
  entry: TarEntry;
  digest: string;
  holes: number;
}

async function readArchive(file: string): Promise<Map<string, Read>> {
  const members = new Map<string, Read>();
  let hash = createHash("sha256");
  let holes = 0;
  let current: TarEntry | undefined;
  const reader = createTarReader({
    entry(entry) {
      current = entry;
      hash = createHash("sha256");
      holes = 0;
    },
    data: (chunk) => void hash.update(chunk),
    hole(length) {
      hash.update(new Uint8Array(length));
      holes += length;
    },
    endEntry() {
      if (current === undefined) return;
      const path = current.path.replace(/^\.\//, "").replace(/\/$/, "");
      members.set(path, { entry: current, digest: hash.digest("hex"), holes });
    },
  });
  using input = await Deno.open(file);
  for await (const chunk of input.readable) reader.push(chunk);
  reader.end();
  return members;
}

for (const { tool, arguments: args, without = [], ...abilities } of CASES) {
  Deno.test({
    ...requiring(
      { programs: [tool] },
      `createTarReader() reads what ${tool} ${args.join(" ")} writes`,
    ),
    async fn() {
      const directory = await Deno.makeTempDir();
      try {
        const tree = `${directory}/tree`;
        await Deno.mkdir(tree);
        await makeTree(tree);
        const hasXattrs = abilities.xattrs === true && CAN_SET_XATTRS && setXattr(`${tree}/empty`);
        const names = [...Deno.readDirSync(tree)].map(({ name }) => name).sort()
          .filter((name) => !without.includes(name));
        const archive = `${directory}/archive.tar`;
        if (tool === "python3") run(tool, ["-c", PYTHON, ...args, archive, ...names], tree);
        else run(tool, ["-cf", archive, ...args, ...names], tree);

        const members = await readArchive(archive);
        await checkMembers(members, tree, { without, ...abilities });
        if (hasXattrs) {
          assertEquals(
            members.get("empty")?.entry.xattrs?.get("user.test"),
            new Uint8Array([0, 0xff, 0x0a, 0x3d]),
          );
        }
      } finally {
        await Deno.remove(directory, { recursive: true });
      }
    },
  });
}

function setXattr(file: string): boolean {
  const { success } = new Deno.Command("setfattr", {
    args: ["-n", "user.test", "-v", "0x00ff0a3d", file],
    stderr: "null",
  }).outputSync();
  return success;
}

async function checkMembers(
  members: Map<string, Read>,
  tree: string,
  { without, sparse, fractions }: Omit<Case, "tool" | "arguments"> & { without: string[] },
): Promise<void> {
  const expected = new Map<string, string>();
  for (const [path, { isDirectory, isSymlink, isFile, mtime }] of list(tree)) {
    if (without.some((name) => path === name || path.startsWith(`${name}/`))) continue;
    const read = members.get(byteStringFromText(path));
    assert(read !== undefined, `${path} is missing`);
    const { entry } = read;
    expected.set(path, "");
    if (path === "z-hard") {
      assertEquals(entry.kind === "hardlink" && entry.target, "plain");
      continue;
    }
    const stat = await Deno.lstat(`${tree}/${path}`);
    assertEquals(entry.mode, (stat.mode ?? 0) & 0o7777, path);
    const seconds = (mtime?.getTime() ?? 0) / 1000;
    // Deno's times have milliseconds; tools without fractions cut them off.
    const written = fractions ? Math.floor(entry.mtime * 1000) / 1000 : entry.mtime;
    assertEquals(written, fractions ? seconds : Math.floor(seconds), path);
    if (isDirectory) assertEquals(entry.kind, "directory");
    else if (isSymlink) {
      assertEquals(
        entry.kind === "symlink" && entry.target,
        await Deno.readLink(`${tree}/${path}`),
      );
    } else if (isFile) {
      assertEquals(entry.kind === "file" && entry.size, stat.size);
      const data = await Deno.readFile(`${tree}/${path}`);
      assertEquals(read.digest, createHash("sha256").update(data).digest("hex"), path);
      assertEquals(read.holes > 0, sparse === true && path === "sparse", path);
    } else assertEquals(entry.kind, "fifo");
  }
  assertEquals(members.size, expected.size);
}

function* list(
  directory: string,
  prefix = "",
): Generator<[string, Deno.FileInfo]> {
  for (const { name, isDirectory } of Deno.readDirSync(`${directory}/${prefix}`)) {
    yield [prefix + name, Deno.lstatSync(`${directory}/${prefix}${name}`)];
    if (isDirectory) yield* list(directory, `${prefix}${name}/`);
  }
}
