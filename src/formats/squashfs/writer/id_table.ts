import { ByteWriter } from "../../../bytes/mod.ts";
import { EnrootError } from "../../../diagnostics/mod.ts";
import { MAX_IDS } from "../format/layout.ts";

/** The uids and gids of an image, each once, in the order of their first use. */
export class IdTable {
  readonly #indexes = new Map<number, number>();

  /** The index that stands for a uid or gid. @throws {EnrootError} there are too many */
  index(id: number): number {
    const known = this.#indexes.get(id);
    if (known !== undefined) return known;
    const index = this.#indexes.size;
    if (index === MAX_IDS) {
      throw new EnrootError(`Cannot write squashfs image: more than ${MAX_IDS} owners`);
    }
    this.#indexes.set(id, index);
    return index;
  }

  get count(): number {
    return this.#indexes.size;
  }

  /** The table's entries. */
  encode(): Uint8Array {
    const entries = new ByteWriter();
    for (const id of this.#indexes.keys()) entries.u32(id);
    return entries.written();
  }
}
