/**
 * What a user sees of an image that is mounted for a container, against what the kernel's own
 * squashfs shows of it.
 */
import { assert, assertEquals } from "@std/assert";
import { type ContainerHome, containerTest, sharedContainerHome } from "../support/container.ts";
import { IMAGE_MOUNT_NEEDS, mountLoop, run } from "../support/image_mount.ts";

/** Each compressor with small, usual and large blocks; the second is what the original writes. */
const FORMATS: readonly (readonly string[])[] = [
  ["-comp", "gzip"],
  ["-comp", "lzo", "-noD"],
  ["-comp", "gzip", "-b", "4096"],
  ["-comp", "lzo", "-b", "1M"],
  ["-comp", "lz4", "-b", "64K"],
  ["-comp", "xz", "-b", "256K"],
  ["-comp", "zstd", "-b", "1M"],
  ["-comp", "zstd", "-noI", "-noD", "-noF", "-noX"],
];
/** The kernel does not read this one: it has to show the same as the first. */
const LZMA = ["-comp", "lzma"];

const TREE = `
set -eu
cd "$1"
mkdir empty deep many
d=deep; for i in 1 2 3 4 5; do d=$d/level$i; mkdir $d; echo $i > $d/file; done
i=0; while [ $i -lt 700 ]; do echo $i > many/a_name_that_takes_some_room_$i; i=$((i+1)); done
: > nothing
for size in 1 4095 4096 4097 131071 131072 131073 1048577; do
  head -c $size /dev/urandom > random_$size
  yes "line of $size" | head -c $size > text_$size || true
done
truncate -s 5M sparse; printf x | dd of=sparse bs=1 seek=2500000 conv=notrunc status=none
ln text_4097 hard_link; ln -s text_1 link; ln -s missing dangling; mkfifo fifo
printf odd > "$(printf 'odd \\377\\n\\t name')"; mkdir "$(printf %255s | tr ' ' n)"
cp /bin/true program; chmod 6755 program
touch -d 1970-01-01T00:00:00Z nothing; touch -d 2038-01-20T00:00:00Z text_1
setfattr -n user.short -v value text_4096
setfattr -n user.large -v "$(head -c 3000 /dev/zero | tr '\\0' v)" random_1
setfattr -n user.on_directory -v d deep
`;

/** All about the files below `$1` that does not depend on who looks. */
const LISTING = `
export LC_ALL=C
cd "$1"
find . -printf '%P|%y|%m|%s|%b|%n|%i|%T@|%l\\0' | sort -z | tr '\\0' '\\n'
getfattr -R -P -h -d -e hex -m '^user' . | sort
find . -type f -print0 | sort -z | xargs -0 sha256sum
`;

const box = sharedContainerHome();

async function makeImage(home: ContainerHome, options: readonly string[]): Promise<string> {
  const tree = `${home.path}/tree`;
  try {
    Deno.mkdirSync(tree);
    await run("sh", "-c", TREE, "sh", tree);
  } catch (error) {
    if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
  }
  const image = `${home.path}/contents.sqsh`;
  await run("rm", "-f", image);
  await run("mksquashfs", tree, image, ...options, "-quiet", "-no-progress");
  return image;
}

/** What a container sees, by this machine's own tools. */
async function shownInContainer(home: ContainerHome): Promise<string> {
  const tools = ["/usr", "/bin", "/lib", "/lib64"].filter(exists)
    .flatMap((path) => ["-m", `${path}:${path}`]);
  const { code, stdout, stderr } = await home.enroot([
    ...["start", ...tools, "-m", "contents.sqsh:/mnt", "box"],
    ...["sh", "-c", LISTING, "sh", "/mnt"],
  ]);
  assertEquals({ code, stderr }, { code: 0, stderr: "" });
  assert(stdout.length > 100_000);
  return stdout;
}

function exists(path: string): boolean {
  try {
    return Deno.statSync(path).isDirectory;
  } catch {
    return false;
  }
}

function contentsTest(name: string, fn: () => Promise<void>): void {
  containerTest(name, fn, IMAGE_MOUNT_NEEDS);
}

for (const options of FORMATS) {
  contentsTest(
    `--mount shows what the kernel shows of mksquashfs ${options.join(" ")}`,
    async () => {
      const home = await box();
      await using loop = await mountLoop(await makeImage(home, options));
      assertEquals(await shownInContainer(home), await run("sh", "-c", LISTING, "sh", loop.path));
    },
  );
}

contentsTest("--mount reads lzma, which the kernel does not", async () => {
  const home = await box();
  await makeImage(home, LZMA);
  const shown = await shownInContainer(home);
  await using loop = await mountLoop(await makeImage(home, FORMATS[0] ?? []));
  assertEquals(shown, await run("sh", "-c", LISTING, "sh", loop.path));
});
