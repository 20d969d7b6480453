import type { ByteString } from "../bytes/mod.ts";
import { type Digest, DigestBuilder } from "../formats/oci/mod.ts";
import { fileIdentity, type FileStatus, isSyscallError, O, S, statusOf } from "../linux/mod.ts";
import type { DirectoryHandle } from "./directory_handle.ts";
import { streamFile } from "./stream_file.ts";
import { isForeign } from "./trust.ts";

const READ_SIZE = 256 * 1024;

/** A file of the cache, opened once: what is verified is what is read afterwards. */
export class CachedFile implements Disposable {
  readonly path: string;
  readonly size: number;
  /** Equal for the same file, by whatever name. */
  readonly identity: string;
  /** Whether another user can change it while it is read. */
  readonly isForeign: boolean;
  /** The open file; its position is anywhere. */
  readonly file: Deno.FsFile;

  private constructor(path: string, file: Deno.FsFile, status: FileStatus) {
    this.path = path;
    this.size = status.size;
    this.identity = fileIdentity(status);
    this.isForeign = isForeign(status);
    this.file = file;
  }

  /**
   * Opens a file for reading.
   *
   * @returns null when there is none, or it is no regular file
   * @throws {Error} when it cannot be read
   */
  static async open(directory: DirectoryHandle, name: ByteString): Promise<CachedFile | null> {
    const path = `${directory.path}/${name}`;
    try {
      using opened = directory.open(name, { flags: O.RDONLY });
      const status = statusOf(opened.fd);
      if ((status.mode & S.IFMT) !== S.IFREG) return null;
      return new CachedFile(path, await streamFile(opened, { path }), status);
    } catch (error) {
      // ELOOP: a symbolic link. ENXIO: a socket.
      if (isSyscallError(error, "ENOENT", "ELOOP", "ENXIO")) return null;
      throw error;
    }
  }

  [Symbol.dispose](): void {
    this.file[Symbol.dispose]();
  }

  /** The digest of the content, by the algorithm of `like`. @param signal ends the reading */
  async digest(like: Digest, signal?: AbortSignal): Promise<Digest> {
    const builder = new DigestBuilder(like);
    const buffer = new Uint8Array(READ_SIZE);
    await this.file.seek(0, Deno.SeekMode.Start);
    for (;;) {
      const length = await this.file.read(buffer);
      if (length === null) return builder.finish();
      signal?.throwIfAborted();
      builder.update(buffer.subarray(0, length));
    }
  }
}
