import { contentDigest, contentHash } from "../../../fstree/mod.ts";
import type { StoredFile } from "./file_data.ts";
import type { SquashfsOutput } from "./output.ts";

const READ_SIZE = 1 << 20;

/**
 * Finds files with equal contents.
 *
 * A digest decides, which cannot be forged. Hashing everything would cost as much as decompressing
 * it, so a file whose data can be read back is hashed only when a second file has the same size.
 */
export class Duplicates {
  readonly #output: SquashfsOutput;
  readonly #byKey = new Map<string, StoredFile>();
  /** The only file of its size so far, not hashed; null when all of that size are hashed. */
  readonly #bySize = new Map<number, StoredFile | null>();

  constructor(output: SquashfsOutput) {
    this.#output = output;
  }

  /** The first file with the contents of this one, which may be itself. */
  find(file: StoredFile, digest: string): StoredFile {
    const key = `${file.size} ${digest} ${holes(file)}`;
    const first = this.#byKey.get(key);
    if (first !== undefined) return first;
    this.#byKey.set(key, file);
    return file;
  }

  /** Like find(), for a file whose data is all in stored blocks of its own. */
  findStored(file: StoredFile): StoredFile {
    const other = this.#bySize.get(file.size);
    if (other === undefined) {
      this.#bySize.set(file.size, file);
      return file;
    }
    if (other !== null) {
      this.find(other, this.#digest(other));
      this.#bySize.set(file.size, null);
    }
    return this.find(file, this.#digest(file));
  }

  #digest(file: StoredFile): string {
    const hash = contentHash();
    const buffer = new Uint8Array(Math.min(READ_SIZE, file.storedLength));
    for (let at = 0; at < file.storedLength; at += buffer.length) {
      const piece = buffer.subarray(0, Math.min(buffer.length, file.storedLength - at));
      this.#output.read(piece, file.start + at);
      hash.update(piece);
    }
    return contentDigest(hash);
  }
}

/** Which blocks are holes, as they are not part of the hashed bytes. */
function holes(file: StoredFile): string {
  if (file.holeBytes === 0) return "";
  const hash = contentHash();
  for (const sizes of file.sizes()) {
    if (typeof sizes === "number") {
      hash.update(`${sizes} holes`);
      continue;
    }
    const map = new Uint8Array(Math.ceil(sizes.length / 8));
    sizes.forEach((size, index) => {
      if (size === 0) map[index >> 3] = (map[index >> 3] ?? 0) | (1 << (index & 7));
    });
    hash.update(map);
  }
  return contentDigest(hash);
}
