import { EnrootError, messageOf } from "../diagnostics/mod.ts";
import { type Digest, DigestBuilder } from "../formats/oci/mod.ts";

const READ_SIZE = 256 * 1024;

/** What a blob is read from. */
export interface BlobFile {
  /** What messages call it. */
  path: string;
  file: Deno.FsFile;
  /** How many bytes there are. */
  size: number;
  /** What the bytes must prove to be once more as they are read; null for what only we can change. */
  digest: Digest | null;
}

/** A whole and verified blob, in an open file. */
export class StoredBlob implements Disposable {
  readonly path: string;
  readonly #file: Deno.FsFile;
  readonly #size: number;
  readonly #digest: Digest | null;

  constructor({ path, file, size, digest }: BlobFile) {
    this.path = path;
    this.#file = file;
    this.#size = size;
    this.#digest = digest;
  }

  /** Closes the file. */
  [Symbol.dispose](): void {
    this.#file[Symbol.dispose]();
  }

  /**
   * The bytes, once: the file is closed at the end. The chunks are the reader's.
   *
   * The iteration ends with an {@link EnrootError} when another user has changed them meanwhile.
   */
  async *content(): AsyncGenerator<Uint8Array<ArrayBuffer>> {
    using _file = this.#file;
    const builder = this.#digest === null ? null : new DigestBuilder(this.#digest);
    try {
      await this.#file.seek(0, Deno.SeekMode.Start);
      for (let left = this.#size; left > 0;) {
        const chunk = new Uint8Array(READ_SIZE);
        const length = await this.#file.read(chunk.subarray(0, left));
        if (length === null) break;
        left -= length;
        const bytes = chunk.subarray(0, length);
        builder?.update(bytes);
        yield bytes;
      }
    } catch (cause) {
      throw new EnrootError(`Cannot read ${this.path}: ${messageOf(cause)}`, { cause });
    }
    if (builder === null || builder.finish() === this.#digest) return;
    throw new EnrootError(`Cannot read ${this.path}: its owner has changed it meanwhile`);
  }

  /** All bytes at once. @throws {EnrootError} */
  async bytes(): Promise<Uint8Array<ArrayBuffer>> {
    const chunks: Uint8Array<ArrayBuffer>[] = [];
    for await (const chunk of this.content()) chunks.push(chunk);
    return new Uint8Array(await new Blob(chunks).arrayBuffer());
  }
}
