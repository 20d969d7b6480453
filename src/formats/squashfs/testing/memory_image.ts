import type { RandomAccess } from "../reader/image_bytes.ts";
import type { SquashfsOutput } from "../writer/output.ts";

/** An image in memory, for tests: what is written to `output` can be read from `source`. */
export interface MemoryImage {
  output: SquashfsOutput;
  source: RandomAccess;
  bytes(): Uint8Array;
}

export function memoryImage(content: Uint8Array = new Uint8Array(0)): MemoryImage {
  let memory = content.slice();
  let size = content.length;
  const resize = (length: number) => {
    if (length > memory.length) {
      const grown = new Uint8Array(Math.max(length, memory.length * 2));
      grown.set(memory.subarray(0, size));
      memory = grown;
    }
    if (length < size) memory.fill(0, length, size);
    size = length;
  };
  const read = (into: Uint8Array, offset: number) => {
    if (offset + into.length > size) throw new Error("read behind the end");
    into.set(memory.subarray(offset, offset + into.length));
  };
  return {
    output: {
      write(bytes, offset) {
        if (offset + bytes.length > size) resize(offset + bytes.length);
        memory.set(bytes, offset);
      },
      read,
      truncate: resize,
    },
    source: {
      get size() {
        return size;
      },
      read: (offset, into) => read(into, offset),
    },
    bytes: () => memory.slice(0, size),
  };
}
