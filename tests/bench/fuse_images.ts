/** The images that the image server is measured on. */
import { join } from "node:path";

/** Paths of the images. */
export interface BenchImages {
  /** Many small files. */
  files: string;
  /** One large file that does not compress, in blocks stored as they are. */
  large: string;
  /** One large file in compressed blocks. */
  compressed: string;
}

/** The name of the large files, and their size in bytes. */
export const LARGE_FILE = "large.bin";
export const LARGE_SIZE = 512 << 20;

/** What the program writes if it is not told otherwise. */
const DEFAULT_OPTIONS = ["-comp", "zstd", "-Xcompression-level", "1", "-noD"];
const COMPRESSED_OPTIONS = ["-comp", "zstd", "-Xcompression-level", "1"];

const FILES_PER_DIRECTORY = 100;
const MIN_SIZE = 100;
const MAX_SIZE = 100_000;

/** Makes the images in a directory, with so many small files in the first. */
export function makeImages(directory: string, { files }: { files: number }): BenchImages {
  const path = (name: string) => join(directory, `${name}.sqsh`);
  const tree = join(directory, "tree");
  const text = sampleText(4 << 20);

  const sources = join(tree, "sources");
  for (let index = 0; index < files; index++) {
    const module = Math.floor(index / FILES_PER_DIRECTORY);
    const parent = join(sources, `package${module % 32}`, `module${module}`);
    if (index % FILES_PER_DIRECTORY === 0) Deno.mkdirSync(parent, { recursive: true });
    // Most are small: sizes are spread evenly over their logarithm.
    const size = Math.floor(MIN_SIZE * (MAX_SIZE / MIN_SIZE) ** (index * 0.618034 % 1));
    const from = index * 7919 % (text.length - size);
    Deno.writeFileSync(join(parent, `file${index}.py`), text.subarray(from, from + size));
  }
  pack(tree, { image: path("files"), options: DEFAULT_OPTIONS });

  writeLarge(tree, () => crypto.getRandomValues(new Uint8Array(65536)));
  pack(tree, { image: path("large"), options: DEFAULT_OPTIONS });
  writeLarge(tree, (written) => text.subarray(written % 4093));
  pack(tree, { image: path("compressed"), options: COMPRESSED_OPTIONS });
  return { files: path("files"), large: path("large"), compressed: path("compressed") };
}

function writeLarge(tree: string, piece: (written: number) => Uint8Array): void {
  Deno.mkdirSync(tree);
  using file = Deno.openSync(join(tree, LARGE_FILE), { create: true, write: true });
  for (let written = 0; written < LARGE_SIZE;) {
    written += file.writeSync(piece(written).subarray(0, LARGE_SIZE - written));
  }
}

/** Text that compresses to about a third. */
function sampleText(length: number): Uint8Array {
  const words = Array.from({ length: 5000 }, (_, index) => {
    const hash = Math.imul(index + 1, 0x9e3779b1) >>> 0;
    return hash.toString(36).slice(0, 2 + hash % 6);
  });
  let text = "";
  for (let index = 1; text.length < length; index = Math.imul(index, 48271) >>> 1) {
    text += `${words[index % words.length]}${index % 11 === 0 ? "\n" : " "}`;
  }
  return new TextEncoder().encode(text).subarray(0, length);
}

/** Makes an image of a tree, and removes the tree. */
function pack(
  tree: string,
  { image, options }: { image: string; options: readonly string[] },
): void {
  const { success, stderr } = new Deno.Command("mksquashfs", {
    args: [tree, image, ...options, "-all-root", "-no-duplicates", "-quiet", "-no-progress"],
    stdout: "null",
  }).outputSync();
  if (!success) throw new Error(`mksquashfs: ${new TextDecoder().decode(stderr)}`);
  Deno.removeSync(tree, { recursive: true });
}
