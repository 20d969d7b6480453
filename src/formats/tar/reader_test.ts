import { assertEquals, assertThrows } from "@std/assert";
import {
  paxRecord,
  signHeader,
  tarArchive,
  tarMember,
} from "../../../tests/support/tar_archive.ts";
import { bytesOf, byteString } from "../../bytes/mod.ts";
import { createTarReader, type TarEntry, TarError } from "./mod.ts";

/** Everything a handler was told, with the data of a file put together and holes as `<n>`. */
function read(archive: Uint8Array, chunkSize = archive.length): [TarEntry, string][] {
  const members: [TarEntry, string][] = [];
  let current: [TarEntry, string] | null = null;
  const reader = createTarReader({
    entry(entry) {
      assertEquals(current, null);
      current = [entry, ""];
    },
    data(chunk) {
      if (current !== null) current[1] += byteString(chunk);
    },
    hole(length) {
      if (current !== null) current[1] += `<${length}>`;
    },
    endEntry() {
      if (current !== null) members.push(current);
      current = null;
    },
  });
  for (let at = 0; at < archive.length; at += Math.max(1, chunkSize)) {
    reader.push(archive.subarray(at, at + chunkSize));
  }
  reader.end();
  return members;
}

const PLAIN = { mode: 0o644, uid: 0, gid: 0, mtime: 0, xattrs: null };

function refuses(archive: Uint8Array, message: string) {
  assertThrows(() => read(archive), TarError, message);
}

Deno.test("createTarReader() reads members however the bytes are cut", () => {
  const archive = tarArchive([
    { path: "dir/", mode: 0o1777, mtime: 12 },
    { path: "dir/file", data: "x".repeat(700), mode: 0o4755, uid: 7, gid: 8 },
    { path: "empty" },
    { path: "link", type: "2", link: "dir/file" },
    { path: "hard", type: "1", link: "dir/file" },
    { path: "null", type: "3", major: 1, minor: 3 },
    { path: "disk", type: "4", major: 8, minor: 1 },
    { path: "pipe", type: "6" },
  ]);
  const expected: [TarEntry, string][] = [
    [{ ...PLAIN, path: "dir/", kind: "directory", mode: 0o1777, mtime: 12 }, ""],
    [
      { ...PLAIN, path: "dir/file", kind: "file", size: 700, mode: 0o4755, uid: 7, gid: 8 },
      "x".repeat(700),
    ],
    [{ ...PLAIN, path: "empty", kind: "file", size: 0 }, ""],
    [{ ...PLAIN, path: "link", kind: "symlink", target: "dir/file" }, ""],
    [{ ...PLAIN, path: "hard", kind: "hardlink", target: "dir/file" }, ""],
    [{ ...PLAIN, path: "null", kind: "character", major: 1, minor: 3 }, ""],
    [{ ...PLAIN, path: "disk", kind: "block", major: 8, minor: 1 }, ""],
    [{ ...PLAIN, path: "pipe", kind: "fifo" }, ""],
  ];
  for (const chunkSize of [1, 7, 511, 512, 513, 1000, archive.length]) {
    assertEquals(read(archive, chunkSize), expected);
  }
});

Deno.test("createTarReader() stops at the first pair of zero blocks", () => {
  const archive = tarArchive([{ path: "a" }]);
  const garbage = new Uint8Array(archive.length + 1000).fill(0xff);
  garbage.set(archive);
  assertEquals(read(garbage).map(([entry]) => entry.path), ["a"]);
});

Deno.test("createTarReader() takes an archive that ends without zero blocks, or after one", () => {
  const archive = tarArchive([{ path: "a", data: "data" }]);
  for (const cut of [1024, 512, 0]) {
    assertEquals(read(archive.subarray(0, archive.length - cut)).length, 1);
  }
  assertEquals(read(new Uint8Array()), []);
});

Deno.test("createTarReader() refuses an archive that ends inside a header, a file or a pax header", () => {
  const archive = tarArchive([{ path: "a", data: "x".repeat(600), pax: { path: "b" } }]);
  for (const length of [100, 512, 515, 1024, 1500, 1536, 2135]) {
    refuses(archive.subarray(0, length), "truncated");
  }
  // All of the data, and only its padding missing.
  assertEquals(read(archive.subarray(0, 1536 + 600)).length, 1);
});

Deno.test("createTarReader() refuses a lone zero block between members", () => {
  const archive = new Uint8Array(2048);
  archive.set(tarMember({ path: "a" }));
  archive.set(tarMember({ path: "b" }), 1024);
  refuses(archive, "lone zero block");
});

Deno.test("createTarReader() verifies checksums, which may be those of signed bytes", () => {
  const wrong = tarArchive([{ path: "a" }]);
  wrong[0] = 0x62;
  refuses(wrong, "wrong checksum");

  const signed = tarArchive([{ path: "\xe9\xe8" }]);
  const sum = signed.subarray(0, 512).reduce(
    (total, byte, at) => total + (at >= 148 && at < 156 ? 0x20 : byte >= 0x80 ? byte - 256 : byte),
    0,
  );
  signed.set(bytesOf(`${sum.toString(8).padStart(6, "0")}\0 `), 148);
  assertEquals(read(signed)[0]?.[0].path, "\xe9\xe8");
});

Deno.test("createTarReader() reads numbers in octal with blanks, and in base 256", () => {
  const archive = tarArchive([{
    path: "a",
    patch(header) {
      header.set(bytesOf("  755 \0\0"), 100);
      header.set([0x80, 0, 0, 0, 0, 0x20, 0, 1], 108);
      header.set([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe], 116);
      header.fill(0, 136, 148);
      header.set([0xff, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255], 136);
    },
  }]);
  const entry = read(archive)[0]?.[0];
  assertEquals(entry?.mode, 0o755);
  assertEquals(entry?.uid, 0x200001);
  assertEquals(entry?.gid, -2);
  assertEquals(entry?.mtime, -1);
});

Deno.test("createTarReader() refuses numbers that are malformed, negative or out of range", () => {
  const withSize = (bytes: number[] | string) =>
    tarArchive([{
      path: "a",
      patch: (header) => header.set(typeof bytes === "string" ? bytesOf(bytes) : bytes, 124),
    }]);
  refuses(withSize("0000000008x\0"), "malformed number");
  refuses(withSize([0xff, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255]), "negative size");
  refuses(withSize([0x80, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255]), "out of range");
});

Deno.test("createTarReader() joins the ustar prefix, and the shorter one of star", () => {
  const prefix = (header: Uint8Array) => header.set(bytesOf("some/where"), 345);
  const star = (header: Uint8Array) => {
    header.set(bytesOf("p".repeat(131)), 345);
    header.set(bytesOf("00000000000 00000000000 "), 476);
    header.set(bytesOf("tar\0"), 508);
  };
  const archive = tarArchive([{ path: "a", patch: prefix }, { path: "b", patch: star }]);
  assertEquals(read(archive).map(([entry]) => entry.path), [
    "some/where/a",
    `${"p".repeat(131)}/b`,
  ]);
});

Deno.test("createTarReader() takes no prefix from GNU headers, but for those of old Go programs", () => {
  const gnu = (header: Uint8Array) => header.set(bytesOf("ustar  \0"), 257);
  const times = (header: Uint8Array) => {
    gnu(header);
    header.set(bytesOf("14371634321\x0014371634321\0"), 345);
  };
  const oldGo = (header: Uint8Array) => {
    gnu(header);
    header.set(bytesOf("some/where"), 345);
  };
  const archive = tarArchive([{ path: "a", patch: times }, { path: "b", patch: oldGo }]);
  assertEquals(read(archive).map(([entry]) => entry.path), ["a", "some/where/b"]);
});

Deno.test("createTarReader() reads V7 headers, where a slash tells directories", () => {
  const v7 = (header: Uint8Array) => {
    header.fill(0, 257);
    header[156] = 0;
    // Not a prefix, nor a device number.
    header.set(bytesOf("garbage"), 345);
  };
  const archive = tarArchive([{ path: "d/", patch: v7 }, { path: "f", data: "1", patch: v7 }]);
  assertEquals(read(archive).map(([{ path, kind }, data]) => [path, kind, data]), [
    ["d/", "directory", ""],
    ["f", "file", "1"],
  ]);
});

Deno.test("createTarReader() applies pax records to the next member only", () => {
  const long = "l".repeat(300);
  const archive = tarArchive([
    {
      path: "short",
      data: "12345",
      size: 0,
      pax: {
        path: long,
        size: "5",
        uid: "3000000",
        gid: "4000000",
        mtime: "1600000000.25",
        "SCHILY.xattr.user.a=b": "c=d\n\0\xff",
        "SCHILY.xattr.user.empty": "",
        comment: "no matter",
      },
    },
    { path: "sym", type: "2", pax: { linkpath: long } },
    { path: "next" },
  ]);
  const [first, second, third] = read(archive);
  assertEquals(first, [{
    kind: "file",
    path: long,
    size: 5,
    mode: 0o644,
    uid: 3000000,
    gid: 4000000,
    mtime: 1600000000.25,
    // A keyword ends at the first "=".
    xattrs: new Map([["user.a", bytesOf("b=c=d\n\0\xff")], ["user.empty", new Uint8Array()]]),
  }, "12345"]);
  assertEquals(second?.[0], { ...PLAIN, path: "sym", kind: "symlink", target: long });
  assertEquals(third?.[0], { ...PLAIN, path: "next", kind: "file", size: 0 });
});

Deno.test("createTarReader() applies global pax headers until they are overridden or unset", () => {
  const global = (records: Record<string, string>) => ({
    path: "global",
    type: "g",
    data: Object.entries(records).map(([key, value]) => paxRecord(key, value)).join(""),
  });
  const archive = tarArchive([
    global({ mtime: "5", uid: "7", "SCHILY.xattr.user.x": "not for everyone" }),
    { path: "a" },
    { path: "b", pax: { mtime: "6", uid: "" } },
    global({ mtime: "8" }),
    { path: "c" },
  ]);
  assertEquals(read(archive).map(([{ path, mtime, uid, xattrs }]) => [path, mtime, uid, xattrs]), [
    ["a", 5, 7, null],
    ["b", 6, 0, null],
    ["c", 8, 7, null],
  ]);
});

Deno.test("createTarReader() refuses malformed pax records", () => {
  const bodies = [
    "99 path=a\n",
    "5 path=a\n",
    "x path=a\n",
    " path=a\n",
    "0 path=a\n",
    "9 path=ab",
    "7 path\n",
    "123456789012 path=a\n",
    "12",
  ];
  for (const data of bodies) {
    refuses(tarArchive([{ path: "pax", type: "x", data }, { path: "a" }]), "malformed pax header");
  }
  refuses(tarArchive([{ path: "a", pax: { path: "a\0b" } }]), "NUL in pax path");
  refuses(tarArchive([{ path: "a", pax: { size: "-1" } }]), "malformed number");
  refuses(tarArchive([{ path: "a", pax: { size: "99999999999999999" } }]), "malformed number");
  refuses(tarArchive([{ path: "a", pax: { mtime: "1e3" } }]), "malformed time");
  assertEquals(read(tarArchive([{ path: "a", pax: { mtime: "-1." } }]))[0]?.[0].mtime, -1);
});

Deno.test("createTarReader() refuses extended headers that are too large, however they are marked", () => {
  for (const type of ["x", "g", "L", "K"]) {
    refuses(tarArchive([{ path: "long", type, size: 1024 * 1024 + 1 }]), "extended header larger");
  }
  const value = "v".repeat(1024 * 1024 - 30);
  const [member] = read(tarArchive([{ path: "a", pax: { "SCHILY.xattr.user.x": value } }]));
  assertEquals(member?.[0].xattrs?.get("user.x")?.length, value.length);
});

Deno.test("createTarReader() reads GNU long names and link names", () => {
  const long = "n".repeat(5000);
  const archive = tarArchive([
    { path: "././@LongLink", type: "L", data: `${long}\0` },
    { path: "././@LongLink", type: "K", data: `${long}2\0` },
    { path: "n", type: "2", link: "n" },
    { path: "next" },
  ]);
  assertEquals(read(archive).map(([entry]) => entry), [
    { ...PLAIN, path: long, kind: "symlink", target: `${long}2` },
    { ...PLAIN, path: "next", kind: "file", size: 0 },
  ]);
});

Deno.test("createTarReader() takes sizes of links, directories and devices for the noise they are", () => {
  const archive = tarArchive([
    { path: "f", data: "1" },
    { path: "hard", type: "1", link: "f", size: 1 },
    { path: "sym", type: "2", link: "f", size: 77777 },
    { path: "d/", size: 4096 },
    { path: "last" },
  ]);
  assertEquals(read(archive).map(([entry]) => entry.path), ["f", "hard", "sym", "d/", "last"]);
});

Deno.test("createTarReader() skips volume labels and the name lists of GNU dump directories", () => {
  const archive = tarArchive([
    { path: "label", type: "V" },
    { path: "d/", type: "D", data: "Yname\0\0" },
    { path: "f" },
  ]);
  assertEquals(read(archive).map(([{ path, kind }]) => [path, kind]), [
    ["d/", "directory"],
    ["f", "file"],
  ]);
});

Deno.test("createTarReader() refuses members of unknown type", () => {
  refuses(tarArchive([{ path: "a\xff", type: "Z" }]), 'unknown type "Z" of member a\\xff');
  assertEquals(read(tarArchive([{ path: "a", type: "7", data: "1" }]))[0]?.[1], "1");
});

Deno.test("createTarReader() takes a member without a name for the directory it is all in", () => {
  const archive = tarArchive([{ path: "", type: "5" }, { path: "", data: "1" }, { path: "a" }]);
  assertEquals(read(archive).map(([{ path, kind }]) => [path, kind]), [
    [".", "directory"],
    [".", "file"],
    ["a", "file"],
  ]);
});

const SPARSE: Record<string, [string, string][]> = {
  "0.0": [
    ["GNU.sparse.size", "3000"],
    ["GNU.sparse.numblocks", "2"],
    ["GNU.sparse.offset", "1000"],
    ["GNU.sparse.numbytes", "3"],
    ["GNU.sparse.offset", "2000"],
    ["GNU.sparse.numbytes", "2"],
  ],
  "0.1": [
    ["GNU.sparse.size", "3000"],
    ["GNU.sparse.map", "1000,3,2000,2,3000,0"],
    ["GNU.sparse.name", "name"],
  ],
  "1.0": [
    ["GNU.sparse.major", "1"],
    ["GNU.sparse.minor", "0"],
    ["GNU.sparse.name", "name"],
    ["GNU.sparse.realsize", "3000"],
  ],
};

for (const [version, pax] of Object.entries(SPARSE)) {
  Deno.test(`createTarReader() reads GNU sparse format ${version}`, () => {
    const map = version === "1.0" ? "2\n1000\n3\n2000\n2\n".padEnd(512, "\0") : "";
    const path = version === "0.0" ? "name" : "GNUSparseFile.0/name";
    const archive = tarArchive([{ path, data: `${map}abcde`, pax }, { path: "next" }]);
    for (const chunkSize of [1, 3, 512, archive.length]) {
      assertEquals(read(archive, chunkSize), [
        [{ ...PLAIN, path: "name", kind: "file", size: 3000 }, "<1000>abc<997>de<998>"],
        [{ ...PLAIN, path: "next", kind: "file", size: 0 }, ""],
      ]);
    }
  });
}

function oldGnuHeader(pieces: [number, number][], realSize: number, extended = false) {
  return (header: Uint8Array) => {
    header.set(bytesOf("ustar  \0"), 257);
    header.fill(0, 345);
    header.set(oldGnuPieces(pieces), 386);
    header[482] = extended ? 1 : 0;
    header.set(bytesOf(realSize.toString(8).padStart(11, "0")), 483);
  };
}

function oldGnuPieces(pieces: [number, number][]): Uint8Array {
  const octal = (value: number) => `${value.toString(8).padStart(11, "0")}\0`;
  return bytesOf(pieces.map(([offset, length]) => octal(offset) + octal(length)).join(""));
}

Deno.test("createTarReader() reads old GNU sparse files, with the map in one block or in several", () => {
  const one = tarArchive([
    { path: "s", type: "S", data: "abc", patch: oldGnuHeader([[5, 3], [10, 0]], 10) },
  ]);
  assertEquals(read(one)[0], [{ ...PLAIN, path: "s", kind: "file", size: 10 }, "<5>abc<2>"]);

  const pieces = Array.from({ length: 30 }, (_, index): [number, number] => [index * 10 + 9, 1]);
  const header = tarMember({
    path: "s",
    type: "S",
    size: 30,
    patch: oldGnuHeader(pieces.slice(0, 4), 300, true),
  });
  const more = new Uint8Array(1024);
  more.set(oldGnuPieces(pieces.slice(4, 25)));
  more[504] = 1;
  more.set(oldGnuPieces(pieces.slice(25)), 512);
  const data = new Uint8Array(512).fill(0x78, 0, 30);
  const archive = new Uint8Array([...header, ...more, ...data, ...tarArchive([{ path: "next" }])]);
  const [sparse, next] = read(archive);
  assertEquals(sparse?.[1], "<9>x".repeat(30));
  assertEquals(next?.[0].path, "next");
});

Deno.test("createTarReader() reads a sparse file that is one hole", () => {
  const archive = tarArchive([
    { path: "h", pax: { "GNU.sparse.size": "7000", "GNU.sparse.map": "" } },
    { path: "s", type: "S", patch: oldGnuHeader([], 10) },
  ]);
  assertEquals(read(archive).map(([, data]) => data), ["<7000>", "<10>"]);
});

Deno.test("createTarReader() refuses sparse maps that contradict themselves", () => {
  const withMap = (map: string, size = "100") =>
    tarArchive([{
      path: "s",
      data: "abcd",
      pax: { "GNU.sparse.size": size, "GNU.sparse.map": map },
    }]);
  const bad = ["5,2,3,2", "0,5", "0,3", "98,4", "0,2,1,2", "0", "0,x", "0,4,", "-1,4"];
  for (const map of bad) refuses(withMap(map), "sparse map");
  refuses(withMap("0,4", "3"), "sparse map");
  refuses(
    tarArchive([{ path: "s", data: "abcd", pax: { "GNU.sparse.map": "0,4" } }]),
    "without a size",
  );
  assertEquals(read(withMap("0,2,2,2"))[0]?.[1], "abcd<96>");
});

Deno.test("createTarReader() refuses sparse maps before the data that are malformed or huge", () => {
  const withBody = (body: string) =>
    tarArchive([{ path: "s", data: body, pax: SPARSE["1.0"] ?? [] }]);
  for (const body of ["", "2\n1000\n3\n", "x\n".padEnd(512), "1".repeat(512), "\n".padEnd(512)]) {
    refuses(withBody(body), "sparse map");
  }
  refuses(withBody("9999999\n".padEnd(512, "\0")), "pieces");
  refuses(
    tarArchive([{ path: "s", pax: { "GNU.sparse.major": "2", "GNU.sparse.minor": "0" } }]),
    "unknown sparse format",
  );
});

Deno.test("createTarReader() hands data on without copying it", () => {
  const archive = tarArchive([{ path: "a", data: "x".repeat(1000) }]);
  createTarReader({
    entry() {},
    data: (chunk) => assertEquals(chunk.buffer, archive.buffer),
    hole() {},
    endEntry() {},
  }).push(archive);
});

Deno.test("createTarReader() survives any single changed byte", () => {
  const archive = tarArchive([
    { path: "a", data: "x", pax: { path: "b", mtime: "1" } },
    { path: "s", data: "abcde", pax: SPARSE["0.1"] ?? [] },
  ]);
  for (let at = 0; at < archive.length; at++) {
    for (const value of [0, 0x39, 0xff]) {
      const changed = archive.slice();
      changed[at] = value;
      // A checksum that fits, so that the change is seen by what comes after it.
      for (let header = 0; header < archive.length; header += 512) {
        if (changed[header + 257] === 0x75) signHeader(changed.subarray(header, header + 512));
      }
      try {
        read(changed);
      } catch (error) {
        assertEquals(error instanceof TarError, true, String(error));
      }
    }
  }
});

Deno.test("createTarReader() ignores what follows an archive, but no end of it", () => {
  const reader = createTarReader({ entry() {}, data() {}, hole() {}, endEntry() {} });
  reader.push(tarArchive([{ path: "file", data: "x" }]));
  const garbage = new Uint8Array(64 << 20).fill(1);
  for (let index = 0; index < 16; index++) reader.push(garbage);
  reader.end();
  assertThrows(() => reader.push(Uint8Array.of(0)), TarError, "after the end of the archive");
});
