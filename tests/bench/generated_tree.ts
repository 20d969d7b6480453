const FILES_PER_DIRECTORY = 40;
const DIRECTORIES_PER_PACKAGE = 25;
/** Of so many files one is large, nine are of middle size, two are symbolic links, one is a hard link. */
const MIXTURE = 100;

/**
 * Makes a tree like those of container images: many small files, few large ones, 33 KB a file on
 * average; half of them text that compresses. The same every time.
 */
export function generateTree(path: string, { files }: { files: number }): void {
  const noise = noisyBytes();
  const prose = proseBytes(noise);
  let state = 1;
  const below = (limit: number) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor(state / 2 ** 32 * limit);
  };
  let directory = path;
  let previous = "";
  for (let number = 0; number < files; number++) {
    if (number % FILES_PER_DIRECTORY === 0) {
      const index = number / FILES_PER_DIRECTORY;
      const above = Math.floor(index / DIRECTORIES_PER_PACKAGE);
      directory = `${path}/package-${above}/lib/module-${index}`;
      Deno.mkdirSync(directory, { recursive: true });
    }
    const isText = number % 2 === 0;
    const file = `${directory}/file-${number}.${isText ? "py" : "so"}`;
    const place = number % MIXTURE;
    if (place === 97 || place === 98) {
      Deno.symlinkSync(`file-${number - 1}`, file);
    } else if (place === 99) {
      Deno.linkSync(previous, file);
    } else {
      const size = sizeOf(place, below);
      const source = isText ? prose : noise;
      const start = below(source.length - size);
      const mode = number % 5 === 0 ? 0o755 : 0o644;
      Deno.writeFileSync(file, source.subarray(start, start + size), { mode });
      previous = file;
    }
  }
}

function sizeOf(place: number, below: (limit: number) => number): number {
  if (place === 0) return (256 << 10) + below(2 << 20);
  if (place < 10) return (32 << 10) + below(224 << 10);
  if (place < 40) return (8 << 10) + below(24 << 10);
  return below(8 << 10);
}

/** Bytes that no compression shortens. */
function noisyBytes(): Uint8Array {
  const noise = new Uint8Array(16 << 20);
  let state = 1;
  for (let index = 0; index < noise.length; index++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    noise[index] = state >>> 8;
  }
  return noise;
}

/** Bytes that compress as text does: words, some of them more often than others. */
function proseBytes(noise: Uint8Array): Uint8Array {
  const words = Array.from({ length: 4096 }, (_, index) => {
    const start = index * 16;
    const length = 2 + (noise[start + 15] ?? 0) % 9;
    return noise.subarray(start, start + length).map((byte) => 97 + byte % 26);
  });
  const prose = new Uint8Array(16 << 20).fill(32);
  for (let at = 0, next = 1 << 17; at < prose.length; next += 2) {
    const chance = ((noise[next] ?? 0) * 256 + (noise[next + 1] ?? 0)) / 65536;
    const word = words[Math.floor(chance ** 2 * words.length)] ?? prose.subarray(0, 1);
    prose.set(word.subarray(0, prose.length - at), at);
    at += word.length + 1;
  }
  return prose;
}
