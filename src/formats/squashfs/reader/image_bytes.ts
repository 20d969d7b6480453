import { corrupt } from "../format/squashfs_error.ts";

/** Where an image's bytes come from: a file, a part of one, memory. */
export interface RandomAccess {
  /** Length in bytes. */
  readonly size: number;
  /** Fills `into` with the bytes from `offset` on; throws if it cannot fill it whole. */
  read(offset: number, into: Uint8Array): void;
}

/** The bytes of one image, which may begin anywhere in its source. */
export class ImageBytes {
  readonly #source: RandomAccess;
  /** Where the image begins in the source. */
  readonly base: number;
  #length: number;

  constructor(source: RandomAccess, base: number) {
    this.#source = source;
    this.base = base;
    this.#length = Math.max(0, source.size - base);
  }

  /** How many bytes the image has. */
  get length(): number {
    return this.#length;
  }

  /** Cuts the image to the length its superblock tells. @throws {SquashfsError} it is shorter */
  limit(length: number): void {
    if (length > this.#length) {
      throw corrupt(`cut short: ${this.#length} of ${length} bytes`);
    }
    this.#length = length;
  }

  /** Reads bytes at a position of the image. @throws {SquashfsError} they are not all inside it */
  read(position: number, length: number): Uint8Array {
    this.check(position, length);
    const into = new Uint8Array(length);
    this.#source.read(this.base + position, into);
    return into;
  }

  /** Reads like read() into memory the caller has. */
  readInto(position: number, into: Uint8Array): void {
    this.check(position, into.length);
    this.#source.read(this.base + position, into);
  }

  /** @throws {SquashfsError} the range is not inside the image */
  check(position: number, length: number): void {
    if (!(position >= 0 && length >= 0 && position + length <= this.#length)) {
      throw corrupt(`${length} bytes at ${position} lie outside the image`);
    }
  }
}
