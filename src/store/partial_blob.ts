import { EnrootError, messageOf } from "../diagnostics/mod.ts";
import { type Descriptor, DigestBuilder } from "../formats/oci/mod.ts";

const READ_SIZE = 1024 * 1024;

/** The beginning of a blob, in an open file. */
export class PartialBlob {
  readonly blob: Descriptor;
  readonly #path: string;
  readonly #file: Deno.FsFile;
  #digest: DigestBuilder;
  #received = 0;
  #writing: Promise<void> = Promise.resolve();

  /** @param options.path what messages call the file */
  constructor(blob: Descriptor, { path, file }: { path: string; file: Deno.FsFile }) {
    this.blob = blob;
    this.#digest = new DigestBuilder(blob.digest);
    this.#path = path;
    this.#file = file;
  }

  /** How many of the blob's bytes there are. */
  get size(): number {
    return this.#digest.size;
  }

  /** How many bytes were written by this process. */
  get received(): number {
    return this.#received;
  }

  /** Takes up what an earlier process left. */
  async resume(): Promise<void> {
    const buffer = new Uint8Array(READ_SIZE);
    for (;;) {
      const length = await this.#file.read(buffer);
      if (length === null) return;
      if (this.size + length > this.blob.size) return await this.restart();
      this.#digest.update(buffer.subarray(0, length));
    }
  }

  /** Appends bytes. Resolves when the next ones may come, which is before they are in the file. */
  async write(bytes: Uint8Array): Promise<void> {
    await this.#writing;
    this.#writing = this.#append(bytes);
    // The failure is reported by the next call that waits.
    this.#writing.catch(() => {});
    this.#digest.update(bytes);
    this.#received += bytes.length;
  }

  async #append(bytes: Uint8Array): Promise<void> {
    try {
      for (let at = 0; at < bytes.length;) at += await this.#file.write(bytes.subarray(at));
    } catch (cause) {
      throw new EnrootError(`Cannot write ${this.#path}: ${messageOf(cause)}`, { cause });
    }
  }

  /** Throws away what there is. */
  async restart(): Promise<void> {
    await this.#writing;
    await this.#file.truncate(0);
    await this.#file.seek(0, Deno.SeekMode.Start);
    this.#digest = new DigestBuilder(this.blob.digest);
  }

  /**
   * Tells whether the blob is whole and the one it should be. If not, it begins anew.
   */
  async verify(): Promise<boolean> {
    await this.#writing;
    if (this.size === this.blob.size && this.#digest.finish() === this.blob.digest) return true;
    await this.restart();
    return false;
  }

  /** Waits until nothing is being written any more, whatever became of it. */
  async settle(): Promise<void> {
    await this.#writing.catch(() => {});
  }
}
