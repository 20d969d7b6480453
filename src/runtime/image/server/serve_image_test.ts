/**
 * The image server from the outside: what programs see through the kernel, against what the
 * kernel's own squashfs shows of the same image.
 */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import {
  IMAGE_MOUNT_NEEDS,
  mountLoop,
  mountServed,
  run,
} from "../../../../tests/support/image_mount.ts";
import { requiring } from "../../../../tests/support/requires.ts";
import { makeTemporaryDirectory, type TemporaryPath } from "../../../../tests/support/temp.ts";

/** Compressors with block sizes: each of both at least once, largest and smallest included. */
const FORMATS: readonly (readonly string[])[] = [
  ["-comp", "gzip"],
  ["-comp", "gzip", "-b", "4096"],
  ["-comp", "lzo", "-noD"],
  ["-comp", "lzo", "-b", "1M"],
  ["-comp", "lz4", "-b", "64K"],
  ["-comp", "lz4", "-Xhc", "-no-fragments"],
  ["-comp", "xz", "-b", "256K"],
  ["-comp", "xz", "-b", "8192", "-always-use-fragments"],
  ["-comp", "zstd", "-b", "1M"],
  ["-comp", "zstd", "-noI", "-noD", "-noF", "-noX"],
];

const TREE = `
set -eu
cd "$1"
mkdir empty deep many; chmod 1777 empty; chmod 2750 deep
d=deep; for i in 1 2 3 4 5 6 7 8; do d=$d/level$i; mkdir $d; echo $i > $d/file; done
i=0; while [ $i -lt 3000 ]; do echo $i > many/a_name_that_takes_some_room_$i; i=$((i+1)); done
: > nothing
for size in 1 4095 4096 4097 8192 131071 131072 131073 262144 1048575 1048577 3000000; do
  head -c $size /dev/urandom > random_$size
  yes "line of $size" | head -c $size > text_$size || true
done
base64 /dev/urandom 2> /dev/null | head -c 6000000 > slow_to_decode
truncate -s 5M sparse; printf x | dd of=sparse bs=1 seek=2500000 conv=notrunc status=none
truncate -s 1M hole
ln text_4097 hard_link; ln text_4097 deep/hard_link
ln -s text_1 link; ln -s missing dangling; ln -s "$(printf %4000s | tr ' ' x)" long_link
mkfifo fifo; mknod device c 240 1234; mknod disk b 259 300000
printf odd > "$(printf 'odd \\377\\n\\t name')"; mkdir "$(printf %255s | tr ' ' n)"
cp /bin/true program; chmod 4755 program
chown 1234:5678 nothing; chmod 000 text_1
touch -d 1970-01-01T00:00:00Z nothing; touch -d 2038-01-20T00:00:00Z text_1
setfattr -n user.short -v value text_4096
setfattr -n user.large -v "$(printf %60000s | tr ' ' v)" random_1 || true
setfattr -n trusted.secret -v s text_4096
setfattr -n user.on_directory -v d deep
setcap cap_net_raw+ep program
`;

/** What the tests share, made when it is first asked for. */
let made: TemporaryPath | undefined;
const directory = () => (made ??= makeTemporaryDirectory()).path;
globalThis.addEventListener("unload", () => made?.[Symbol.dispose]());
const images = new Map<string, string>();

/** An image of the sample tree, made when it is first asked for. */
async function sampleImage(options: readonly string[] = FORMATS[0] ?? []): Promise<string> {
  const tree = `${directory()}/tree`;
  if (images.size === 0) {
    Deno.mkdirSync(tree);
    await run("sh", "-c", TREE, "sh", tree);
  }
  const key = options.join(" ");
  const known = images.get(key);
  if (known !== undefined) return known;
  const image = `${directory()}/image${images.size}.sqsh`;
  await run("mksquashfs", tree, image, ...options, "-quiet", "-no-progress");
  images.set(key, image);
  return image;
}

/** Everything about the files of a tree that stat(2), readlink(2), listxattr(2) and read(2) tell. */
async function filesBelow(path: string): Promise<string> {
  const listing = await run(
    "sh",
    "-c",
    `cd "$1" && LC_ALL=C && export LC_ALL
     find . -printf '%P|%y|%m|%U:%G|%s|%b|%n|%i|%T@|%A@|%C@|%l\\0' | sort -z | tr '\\0' '\\n'
     find . ! -type l -printf '%P\\0' | sort -z | xargs -0 stat -c '%n %t:%T'
     getfattr -R -P -h -d -e hex -m - . | sort
     find . -type f -print0 | sort -z | xargs -0 sha256sum`,
    "sh",
    path,
  );
  assert(listing.length > 100_000);
  return listing;
}

async function fileSystem(path: string): Promise<string> {
  return await run("stat", "-f", "-c", "%b %f %a %c %d %l", path);
}

const CLEAN_END = { code: 0, signal: null, stderr: "" };

for (const options of FORMATS) {
  Deno.test({
    ...requiring(
      IMAGE_MOUNT_NEEDS,
      `serveImage() shows what the kernel shows of mksquashfs ${options.join(" ")}`,
    ),
    async fn() {
      const image = await sampleImage(options);
      await using served = await mountServed(image);
      await using loop = await mountLoop(image);
      assertEquals(await filesBelow(served.path), await filesBelow(loop.path));
      assertEquals(await fileSystem(served.path), await fileSystem(loop.path));
      assertEquals(await served.end(), CLEAN_END);
    },
  });
}

Deno.test({
  ...requiring(IMAGE_MOUNT_NEEDS, "serveImage() reads lzma, which the kernel does not"),
  async fn() {
    await using served = await mountServed(await sampleImage(["-comp", "lzma"]));
    await using loop = await mountLoop(await sampleImage());
    assertEquals(await filesBelow(served.path), await filesBelow(loop.path));
  },
});

Deno.test({
  ...requiring(IMAGE_MOUNT_NEEDS, "serveImage() finds an image that begins inside a file"),
  async fn() {
    const image = await sampleImage();
    const inside = `${directory()}/inside`;
    await run("sh", "-c", 'head -c 12345 /dev/zero | cat - "$1" > "$2"', "sh", image, inside);
    await using served = await mountServed(inside, ["--offset", "12345"]);
    await using loop = await mountLoop(image);
    assertEquals(await filesBelow(served.path), await filesBelow(loop.path));
  },
});

Deno.test({
  ...requiring(
    IMAGE_MOUNT_NEEDS,
    "serveImage() answers 64 readers at once, each with the right bytes",
  ),
  async fn() {
    // The first thread is to be so busy that it calls for help.
    const image = await sampleImage(["-comp", "xz", "-b", "256K"]);
    const names = ["random_3000000", "text_3000000", "random_1048577", "sparse", "text_131073"]
      .concat(Array(5).fill("slow_to_decode"));
    const contents = new Map(
      names.map((name) => [name, Deno.readFileSync(`${directory()}/tree/${name}`)]),
    );
    await using served = await mountServed(image, ["--threads", "3"]);
    const reader = async (seed: number) => {
      const random = randomNumbers(seed);
      for (let round = 0; round < 20; round++) {
        const name = names[Math.floor(random() * names.length)] ?? "";
        const content = contents.get(name) ?? new Uint8Array();
        using file = Deno.openSync(`${served.path}/${name}`);
        const offset = Math.floor(random() * content.length);
        file.seekSync(offset, Deno.SeekMode.Start);
        const bytes = new Uint8Array(1 + Math.floor(random() * 200_000));
        const length = await file.read(bytes) ?? 0;
        assert(length > 0);
        assertEquals(
          bytes.subarray(0, length),
          content.subarray(offset, offset + length),
          `${name} at ${offset}`,
        );
      }
    };
    const threads = threadsOf(served.server.pid);
    await Promise.all(Array.from({ length: 64 }, (_, seed) => reader(seed)));
    assert(threadsOf(served.server.pid) > threads, "no thread was started to help");
    assertEquals(await served.end(), CLEAN_END);
  },
});

Deno.test({
  ...requiring(IMAGE_MOUNT_NEEDS, "serveImage() serves programs to execute, which the kernel maps"),
  async fn() {
    await using served = await mountServed(await sampleImage());
    await run(`${served.path}/program`);
  },
});

Deno.test({
  ...requiring(IMAGE_MOUNT_NEEDS, "serveImage() lets reads fail, not hang, when it is killed"),
  async fn() {
    await using served = await mountServed(await sampleImage());
    using open = Deno.openSync(`${served.path}/random_3000000`);
    open.readSync(new Uint8Array(1));
    served.server.kill("SIGKILL");
    await served.server.status;
    for (const path of [served.path, `${served.path}/text_4096`]) {
      const { stderr } = await new Deno.Command("timeout", { args: ["20", "ls", path] }).output();
      assertStringIncludes(new TextDecoder().decode(stderr), "Transport endpoint is not connected");
    }
    open.seekSync(2_000_000, Deno.SeekMode.Start);
    let failure = "";
    try {
      open.readSync(new Uint8Array(1));
    } catch (error) {
      failure = String(error);
    }
    assertMatch(failure, /not connected|Software caused connection abort/);
    assertEquals((await served.end()).signal, "SIGKILL");
  },
});

Deno.test({
  ...requiring(
    IMAGE_MOUNT_NEEDS,
    "serveImage() refuses what is no image in one line, and the mount ends",
  ),
  async fn() {
    const path = `${directory()}/no_image`;
    Deno.writeTextFileSync(path, "x".repeat(5000));
    await using served = await mountServed(path);
    const { code, stderr } = await served.end();
    assertEquals(code, 1);
    assertEquals(stderr, "[ERROR] Cannot read squashfs image: not a squashfs image\n");
  },
});

Deno.test({
  ...requiring(
    IMAGE_MOUNT_NEEDS,
    "serveImage() keeps going on a damaged image: what is damaged fails, the rest reads",
  ),
  async fn() {
    const image = `${directory()}/damaged.sqsh`;
    Deno.copyFileSync(await sampleImage(["-comp", "lzo", "-b", "1M"]), image);
    using file = Deno.openSync(image, { write: true, read: true });
    const superblock = new Uint8Array(96);
    file.readSync(superblock);
    // Data lie before the inode table, the texts last.
    const end = Number(new DataView(superblock.buffer).getBigUint64(64, true));
    for (let at = end - 20_000; at < end - 64; at += 500) {
      file.seekSync(at, Deno.SeekMode.Start);
      file.writeSync(new Uint8Array(16).fill(0xff));
    }
    await using served = await mountServed(image);
    const { stderr } = await new Deno.Command("sh", {
      args: ["-c", 'find "$1" -type f -exec cat {} + > /dev/null', "sh", served.path],
    }).output();
    assertStringIncludes(new TextDecoder().decode(stderr), "Input/output error");
    assertEquals(Deno.statSync(`${served.path}/deep/level1/file`).size, 2);
    const { code, stderr: told } = await served.end();
    assertEquals(code, 0);
    assertMatch(told, /^(\[ERROR\] Cannot read squashfs image: .*\n){1,8}$/);
  },
});

Deno.test({
  ...requiring(
    IMAGE_MOUNT_NEEDS,
    "serveImage() gives all files to one owner, so that an overlay in a user namespace can change " +
      "them",
  ),
  async fn() {
    const driver = new URL("../../../../tests/support/serve_image.ts", import.meta.url);
    const script = `
      set -eu
      mkdir "$1"; mount -t tmpfs none "$1"; cd "$1"; mkdir lower upper work merged
      "$2" run -q -A --no-lock --no-config --no-check "$3" "$4" lower --owner 0:0 &
      for i in $(seq 600); do mountpoint -q lower && break; sleep 0.05; done
      stat -c '%U:%G %a %n' lower/nothing lower/program
      getfattr -h -d -m - lower/text_4096 | grep -v '^#'
      mount -t overlay -o lowerdir=lower,upperdir=upper,workdir=work,userxattr none merged
      echo more >> merged/text_4096; tail -c 5 merged/text_4096; cmp -n 4096 lower/text_4096 merged/text_4096
      chmod 700 merged/nothing; stat -c %a merged/nothing lower/nothing
      mv merged/deep merged/shallow && cat merged/shallow/level1/file || echo no rename
      rm merged/text_1; ls merged/text_1 2>&1 || true
      ! touch lower/new 2>&1
      umount merged lower; wait`;
    const output = await run(
      "unshare",
      ...["-Urm", "sh", "-c", script, "sh"],
      ...[`${directory()}/namespace`, Deno.execPath(), driver.pathname, await sampleImage()],
    );
    assertEquals(output.split("\n"), [
      "root:root 644 lower/nothing",
      "root:root 4755 lower/program",
      'user.short="value"',
      "",
      "more",
      "700",
      "644",
      "1",
      "ls: cannot access 'merged/text_1': No such file or directory",
      "touch: cannot touch 'lower/new': Read-only file system",
      "",
    ]);
  },
});

function threadsOf(pid: number): number {
  return [...Deno.readDirSync(`/proc/${pid}/task`)].length;
}

/** The same numbers from 0 to 1 for the same seed (mulberry32). */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
