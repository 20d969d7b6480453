/** Data for the tests of this room: what to compress, how to damage it, how to cut it. */

/** Random numbers that are the same in every run (xorshift32). */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed | 1;
  }

  /** An integer from 0 up to, not including, `limit`. */
  below(limit: number): number {
    let state = this.#state;
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    this.#state = state;
    return (state >>> 0) % limit;
  }

  bytes(length: number): Uint8Array<ArrayBuffer> {
    return Uint8Array.from({ length }, () => this.below(256));
  }
}

/** Bytes with repetitions of all distances, now and then something new: like files, that is. */
export function mixedBytes(length: number, seed = 1): Uint8Array<ArrayBuffer> {
  const random = new Random(seed);
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length;) {
    const count = 1 + random.below(random.below(8) === 0 ? 600 : 20);
    const end = Math.min(at + count, length);
    if (at > 0 && random.below(3) > 0) {
      const distance = 1 + random.below(random.below(2) === 0 ? Math.min(at, 64) : at);
      for (; at < end; at++) {
        bytes[at] = bytes[at - distance] ?? 0;
      }
    } else {
      for (; at < end; at++) bytes[at] = random.below(256);
    }
  }
  return bytes;
}

/** Blocks of every kind and many sizes, by name. */
export function samples(): Map<string, Uint8Array<ArrayBuffer>> {
  const text = new TextEncoder().encode("enroot imports, starts and exports containers.\n");
  const named = new Map([
    ["one byte", new Uint8Array([42])],
    ["zeros", new Uint8Array(131072)],
    ["text", Uint8Array.from({ length: 70000 }, (_, index) => text[index % text.length] ?? 0)],
    ["noise", new Random(7).bytes(131072)],
    ["a megabyte", mixedBytes(1 << 20, 3)],
  ]);
  for (const size of [2, 3, 4, 5, 11, 12, 13, 16, 17, 18, 19, 238, 239, 240, 8192, 131071]) {
    named.set(`${size} mixed bytes`, mixedBytes(size, size));
  }
  return named;
}

/** A copy with a few bytes changed, cut out, put in or repeated. */
export function damaged(bytes: Uint8Array, random: Random): Uint8Array<ArrayBuffer> {
  let result = new Uint8Array(bytes);
  for (let count = 1 + random.below(4); count > 0; count--) {
    const at = random.below(result.length + 1);
    const length = 1 + random.below(16);
    switch (random.below(6)) {
      case 0:
        result = result.slice(0, at);
        break;
      case 1:
        result = joined(result.subarray(0, at), result.subarray(at + length));
        break;
      case 2:
        result = joined(result.subarray(0, at), random.bytes(length), result.subarray(at));
        break;
      case 3:
        result = joined(result.subarray(0, at + length), result.subarray(at));
        break;
      default:
        if (at < result.length) result[at] = random.below(256);
    }
  }
  return result;
}

/** One array of all bytes. */
export function joined(...parts: Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** A stream of the bytes in chunks of a size. */
export async function* chunked(
  bytes: Uint8Array,
  size: number,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  for (let at = 0; at < bytes.length; at += size) {
    yield await Promise.resolve(new Uint8Array(bytes.subarray(at, at + size)));
  }
}

/** All bytes of a stream. */
export async function collected(
  stream: AsyncIterable<Uint8Array>,
): Promise<Uint8Array<ArrayBuffer>> {
  return joined(...await Array.fromAsync(stream));
}

/** Runs a program with bytes as input and returns its output. */
export async function filtered(
  command: string[],
  input: Uint8Array,
): Promise<Uint8Array<ArrayBuffer>> {
  const [program = "", ...args] = command;
  const child = new Deno.Command(program, { args, stdin: "piped", stdout: "piped" }).spawn();
  const written = new Blob([new Uint8Array(input)]).stream().pipeTo(child.stdin);
  const { success, stdout } = await child.output();
  await written;
  if (!success) throw new Error(`${command.join(" ")} failed`);
  return stdout;
}
