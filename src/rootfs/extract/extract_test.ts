import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { type ProgramName, requiring } from "../../../tests/support/requires.ts";
import { inTemporaryDirectory } from "../../../tests/support/temp.ts";
import { byteStringFromText } from "../../bytes/mod.ts";
import { EnrootError } from "../../diagnostics/mod.ts";
import { extractImage, openImage } from "../mod.ts";

// The C library stays loaded, which the test runner would call a leak.
const resident = { sanitizeResources: false };

/** Runs a shell script that must succeed. @returns its output */
function shell(script: string, directory: string): string {
  const { success, stdout, stderr } = new Deno.Command("/bin/sh", {
    args: ["-euc", script],
    cwd: directory,
    env: { LC_ALL: "C" },
  }).outputSync();
  const decoder = new TextDecoder("latin1");
  if (!success) throw new Error(decoder.decode(stderr));
  return decoder.decode(stdout);
}

async function extract(
  image: string,
  directory: string,
  { keepPrivileges = true } = {},
): Promise<void> {
  using file = openImage(image);
  await extractImage(file, byteStringFromText(directory), { processors: 2, keepPrivileges });
}

/** A test in a directory that needs other programs. */
function testWith(
  programs: readonly ProgramName[],
  name: string,
  action: (path: string) => Promise<void>,
) {
  Deno.test({
    ...requiring({ programs }, name),
    ...resident,
    fn: () => inTemporaryDirectory(action),
  });
}

const SQUASHFS_TOOLS = ["mksquashfs", "unsquashfs"] as const;

/** Everything that a tree's metadata and contents say, a line per file. */
function describe(directory: string): string {
  return shell(
    `find . ! -type d ! -type l -printf '%P %y %m %s %T@ %n\\n' | sort
     find . -type d -printf '%P %y %m %T@\\n' | sort
     find . -type l -printf '%P %l %T@ %n\\n' | sort
     find . -type f -print0 | sort -z | xargs -0 -r sha256sum
     find . -type f -links +1 -printf '%i %P\\n' | sort -k2 |
       awk '{ if (!($1 in n)) n[$1] = ++count; print n[$1], $2 }'`,
    directory,
  );
}

/** A tree with a bit of everything that an unprivileged user can make. */
const TREE = `
  mkdir -p tree/usr/bin tree/etc tree/empty tree/sticky tree/a/b/c/d
  printf '#!/bin/sh\\n' >tree/usr/bin/run; chmod 755 tree/usr/bin/run
  head -c 1000000 /dev/urandom >tree/large
  head -c 131072 /dev/zero >tree/zeros
  yes text | head -c 300001 >tree/text
  : >tree/nothing
  printf tail >tree/a/b/tail
  chmod 4755 tree/usr/bin/run; chmod 2711 tree/a; chmod 1777 tree/sticky
  printf x >tree/group; chmod 2640 tree/group; printf y >tree/open; chmod 666 tree/open
  ln tree/large tree/a/b/c/linked; ln tree/large tree/linked; ln tree/a/b/tail tree/tail
  ln -s ../etc tree/usr/link; ln -s /absolute/nowhere tree/dangling
  mkfifo tree/pipe; chmod 622 tree/pipe
  printf caf >"tree/$(printf 'caf\\351 \\n')"
  truncate -s 3000000 tree/sparse; printf data | dd of=tree/sparse bs=1 seek=1500000 conv=notrunc 2>/dev/null
  truncate -s 10000000 tree/hole
  chmod 400 tree/text
  find tree -exec touch -h -d 2001-02-03T04:05:06Z {} +
  touch -d 1970-01-01T00:00:00Z tree/etc; touch -d 2105-12-31T00:00:00Z tree/nothing
`;

for (
  const options of [
    "-comp gzip",
    "-comp gzip -noD -noF -noI",
    "-comp zstd",
    "-comp lzo -noD",
    "-comp lz4 -b 4096",
    "-comp xz -b 1048576",
    "-no-fragments",
    "-always-use-fragments",
  ]
) {
  testWith(
    SQUASHFS_TOOLS,
    `extractImage() does as unsquashfs does with an image of mksquashfs ${options}`,
    async (path) => {
      shell(`${TREE} mksquashfs tree image ${options} -quiet -no-progress >&2`, path);
      await extract(`${path}/image`, `${path}/actual`);
      // Unless it is root, unsquashfs leaves out set-id bits and applies the umask.
      if (Deno.uid() === 0) {
        shell("unsquashfs -no-progress -quiet -d expected image >&2", path);
        assertEquals(describe(`${path}/actual`), describe(`${path}/expected`));
      }
      assertEquals(describe(`${path}/actual`), describe(`${path}/tree`));
    },
  );
}

testWith(
  SQUASHFS_TOOLS,
  "extractImage() drops set-id bits of files when it is to",
  async (path) => {
    shell(`${TREE} mksquashfs tree image -quiet -no-progress >&2`, path);
    await extract(`${path}/image`, `${path}/actual`, { keepPrivileges: false });
    shell("chmod 755 tree/usr/bin/run; chmod 640 tree/group", path);
    assertEquals(describe(`${path}/actual`), describe(`${path}/tree`));
  },
);

testWith(SQUASHFS_TOOLS, "extractImage() keeps holes", async (path) => {
  shell(`${TREE} mksquashfs tree image -quiet -no-progress >&2`, path);
  await extract(`${path}/image`, `${path}/actual`);
  for (const name of ["sparse", "hole"]) {
    const { size, blocks } = Deno.statSync(`${path}/actual/${name}`);
    assertEquals(size, Deno.statSync(`${path}/tree/${name}`).size);
    assert((blocks ?? Infinity) * 512 <= 140_000, `${name}: ${blocks} blocks`);
  }
});

testWith(SQUASHFS_TOOLS, "extractImage() has modes of its own whatever the umask", async (path) => {
  shell(`${TREE} mksquashfs tree image -quiet -no-progress >&2`, path);
  const umask = Deno.umask(0o077);
  try {
    await extract(`${path}/image`, `${path}/actual`);
  } finally {
    Deno.umask(umask);
  }
  assertEquals(describe(`${path}/actual`), describe(`${path}/tree`));
});

testWith(
  SQUASHFS_TOOLS,
  "extractImage() is not touched by a directory that hands its group down",
  async (path) => {
    shell(`${TREE} mksquashfs tree image -quiet -no-progress >&2; mkdir in; chmod 2755 in`, path);
    await extract(`${path}/image`, `${path}/in/actual`);
    assertEquals(describe(`${path}/in/actual`), describe(`${path}/tree`));
  },
);

/** An access list (acl(5), as the kernel keeps it) that gives new files to their owner alone. */
const OWNER_ONLY = "0x0200000001000700ffffffff04000000ffffffff20000000ffffffff";
const SET_DEFAULT = `setfattr -n system.posix_acl_default -v ${OWNER_ONLY}`;

Deno.test({
  ...requiring(
    { programs: [...SQUASHFS_TOOLS, "setfattr"], accessLists: true },
    "extractImage() is not touched by a default access list",
  ),
  ...resident,
  fn: () =>
    inTemporaryDirectory(async (path) => {
      shell(`${TREE} mksquashfs tree image -quiet -no-progress >&2`, path);
      shell(`mkdir in; ${SET_DEFAULT} in; : >in/file`, path);
      assertEquals(Deno.statSync(`${path}/in/file`).mode, 0o100600);
      await extract(`${path}/image`, `${path}/in/actual`);
      assertEquals(describe(`${path}/in/actual`), describe(`${path}/tree`));
    }),
});

testWith(
  SQUASHFS_TOOLS,
  "extractImage() makes directories accessible and files readable for their owner",
  async (path) => {
    shell(
      // By definition: who makes an image may not be able to read such files.
      `mkdir -p tree/closed/below; : >tree/none; : >tree/write; : >tree/setuid
       chmod 555 tree
       mksquashfs tree image -quiet -no-progress -p 'closed m 000 0 0' -p 'none m 000 0 0' \\
         -p 'closed/below m 1050 0 0' -p 'write m 200 0 0' -p 'setuid m 4011 0 0' >&2`,
      path,
    );
    await extract(`${path}/image`, `${path}/actual`);
    assertEquals(
      shell("find . -printf '%P %m\\n' | sort", `${path}/actual`),
      " 755\nclosed 700\nclosed/below 1750\nnone 400\nsetuid 4411\nwrite 600\n",
    );
  },
);

testWith(
  SQUASHFS_TOOLS,
  "extractImage() leaves out device nodes",
  async (path) => {
    shell(
      `mkdir tree; : >tree/file
       mksquashfs tree image -quiet -no-progress -p 'null c 666 0 0 1 3' -p 'disk b 660 0 0 8 0' >&2`,
      path,
    );
    await extract(`${path}/image`, `${path}/actual`);
    assertEquals(shell("find . | sort", `${path}/actual`), ".\n./file\n");
  },
);

testWith(
  [...SQUASHFS_TOOLS, "setfattr", "getfattr"],
  "extractImage() keeps extended attributes of users",
  async (path) => {
    shell(
      `mkdir -p tree/directory; : >tree/file; : >tree/readonly
       setfattr -n user.one -v 1 tree/file; setfattr -n user.two -v 0x00ff0a tree/file
       setfattr -n user.three -v 3 tree/directory; setfattr -n user.four -v 4 tree/readonly
       chmod 444 tree/readonly; chmod 555 tree/directory
       mksquashfs tree image -quiet -no-progress >&2`,
      path,
    );
    await extract(`${path}/image`, `${path}/actual`);
    const attributes = (directory: string) =>
      shell("getfattr -d -e hex file directory readonly", `${path}/${directory}`);
    assertEquals(attributes("actual"), attributes("tree"));
    assertStringIncludes(attributes("actual"), "user.two=0x00ff0a");
    assertEquals(Deno.statSync(`${path}/actual/readonly`).mode, 0o100444);
  },
);

testWith(
  SQUASHFS_TOOLS,
  "extractImage() extracts deep trees with few descriptors",
  async (path) => {
    const deep = Array.from({ length: 300 }, (_, index) => `d${index}`).join("/");
    shell(
      `mkdir -p tree/${deep}; : >tree/${deep}/file; ln tree/${deep}/file tree/${deep}/link
     mksquashfs tree image -quiet -no-progress >&2`,
      path,
    );
    const before = [...Deno.readDirSync("/proc/self/fd")].length;
    await extract(`${path}/image`, `${path}/actual`);
    const names = (directory: string) =>
      shell("find . -printf '%P %y %n\\n' | sort | sha256sum", `${path}/${directory}`);
    assertEquals(names("actual"), names("tree"));
    assertEquals([...Deno.readDirSync("/proc/self/fd")].length, before);
  },
);

testWith(SQUASHFS_TOOLS, "extractImage() does not follow what is there already", async (path) => {
  shell(
    `mkdir tree there; : >tree/file; mksquashfs tree image -quiet -no-progress >&2
     ln -s there link`,
    path,
  );
  for (const name of ["there", "link"]) {
    await assertRejects(
      () => extract(`${path}/image`, `${path}/${name}`),
      EnrootError,
      `Cannot create directory ${path}/${name}: File exists`,
    );
  }
  assertEquals([...Deno.readDirSync(`${path}/there`)], []);
});

/** Replaces bytes in a file, which must have them once. */
function patch(file: string, pattern: Uint8Array, replacement: Uint8Array): void {
  const content = Deno.readFileSync(file);
  const places = [...content.keys()].filter((start) =>
    pattern.every((byte, index) => content[start + index] === byte)
  );
  assertEquals(places.length, 1);
  content.set(replacement, places[0]);
  Deno.writeFileSync(file, content);
}

const bytes = (text: string) => new TextEncoder().encode(text);
/** Leaves metadata uncompressed, so that tests can falsify it. */
const PLAIN = "-noI -noD -noF -no-xattrs -quiet -no-progress >&2";

testWith(SQUASHFS_TOOLS, "extractImage() refuses names that lead elsewhere", async (path) => {
  shell(`mkdir tree; : >tree/QQ; : >tree/after; mksquashfs tree image ${PLAIN}`, path);
  await extract(`${path}/image`, `${path}/untouched`);
  for (const name of ["..", "/x", "\0\0"]) {
    shell("cp image forged", path);
    patch(`${path}/forged`, bytes("QQ"), bytes(name));
    await assertRejects(() => extract(`${path}/forged`, `${path}/actual`), EnrootError);
    assertEquals([...Deno.readDirSync(path)].some((entry) => entry.name === "actual"), false);
  }
});

testWith(SQUASHFS_TOOLS, "extractImage() does not go around in circles", async (path) => {
  shell(`mkdir -p tree/inner/QQ; mksquashfs tree image ${PLAIN}`, path);
  const image = Deno.readFileSync(`${path}/image`);
  // struct squashfs_super_block: the root inode's reference, its low 16 bits an offset.
  const [low = 0, high = 0] = image.subarray(32, 34);
  // struct squashfs_dir_entry: offset, inode number, type (directory), length of the name less one.
  const at = image.findIndex((_, index) =>
    image[index] === 1 && image[index + 2] === 1 && image[index + 4] === 0x51 &&
    image[index + 5] === 0x51
  );
  assert(at > 0);
  image.set([low, high], at - 4);
  Deno.writeFileSync(`${path}/image`, image);
  const error = await assertRejects(
    () => extract(`${path}/image`, `${path}/actual`),
    EnrootError,
    "a directory with two names",
  );
  assertStringIncludes(error.message, "Cannot extract /inner/QQ: ");
  assertEquals([...Deno.readDirSync(path)].length, 2);
});

testWith(SQUASHFS_TOOLS, "extractImage() leaves nothing of a damaged image", async (path) => {
  shell(
    `mkdir -p tree/first; yes text | head -c 300001 >tree/first/file
     head -c 4000 /dev/urandom >tree/second
     mksquashfs tree image -comp gzip -quiet -no-progress >&2`,
    path,
  );
  const image = Deno.readFileSync(`${path}/image`);
  image.fill(0xff, 96, 160);
  Deno.writeFileSync(`${path}/image`, image);
  await assertRejects(
    () => extract(`${path}/image`, `${path}/actual`),
    EnrootError,
    "Cannot extract /first/file: ",
  );
  assertEquals([...Deno.readDirSync(path)].map((entry) => entry.name).sort(), ["image", "tree"]);
});

Deno.test({
  ...requiring(
    { programs: SQUASHFS_TOOLS, mounts: true },
    "extractImage() leaves nothing on a full disk",
  ),
  ...resident,
  fn: () =>
    inTemporaryDirectory(async (path) => {
      shell(`${TREE} mksquashfs tree image -noD -quiet -no-progress >&2; mkdir disk`, path);
      for (const [limit, reason] of [["size=600k", "file"], ["nr_inodes=12", "inode"]] as const) {
        shell(`mount -t tmpfs -o ${limit} none disk`, path);
        try {
          const error = await assertRejects(
            () => extract(`${path}/image`, `${path}/disk/actual`),
            EnrootError,
            "No space left on device",
          );
          assertStringIncludes(error.message, "Cannot extract /", reason);
          assertEquals([...Deno.readDirSync(`${path}/disk`)], []);
        } finally {
          shell("umount disk", path);
        }
      }
    }),
});

testWith(SQUASHFS_TOOLS, "openImage() tells images from everything else", async (path) => {
  shell(
    `mkdir tree; head -c 100000 /dev/urandom >tree/file
     mksquashfs tree image -quiet -no-progress >&2
     printf hsqs >short; head -c 20000 image >cut; printf text >text; : >empty; mkfifo pipe`,
    path,
  );
  const message = (name: string) => {
    try {
      using _image = openImage(`${path}/${name}`);
      return "opened";
    } catch (error) {
      assert(error instanceof EnrootError);
      return error.message;
    }
  };
  assertEquals(message("image"), "opened");
  for (const name of ["text", "empty", "short"]) {
    assertEquals(message(name), `Invalid image format: ${path}/${name}`);
  }
  assertStringIncludes(message("cut"), `Invalid image format: ${path}/cut (`);
  for (const name of ["missing", "tree", "pipe", "text/x"]) {
    assertEquals(message(name), `No such file or directory: ${path}/${name}`);
  }
  await Promise.resolve();
});
