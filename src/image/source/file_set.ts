import { EnrootError } from "../../diagnostics/mod.ts";
import { type Descriptor, DigestBuilder } from "../../formats/oci/mod.ts";
import { openInputPipe } from "../../store/mod.ts";

/** Files by name, from a directory or an archive. Disposing of it closes and removes what it uses. */
export interface FileSet extends Disposable {
  /** What holds the files, for messages. */
  readonly path: string;
  /** The size of a file in bytes; null if there is none of that name. */
  size(name: string): Promise<number | null>;
  /** The bytes of a file that is there. */
  stream(name: string): AsyncIterable<Uint8Array>;
}

/** Where a piece of a file is. */
export interface Extent {
  offset: number;
  length: number;
}

const READ_SIZE = 1024 * 1024;
/** As much as a pipe holds (pipe(7)). */
const PIPE_READ_SIZE = 64 * 1024;

/** Reads a piece of a file on disk, in chunks of 1 MiB, or all of it or of a pipe. */
export async function* readFile(path: string, extent?: Extent): AsyncGenerator<Uint8Array> {
  const isPipe = Deno.statSync(path).isFifo;
  const readSize = isPipe ? PIPE_READ_SIZE : READ_SIZE;
  using file = isPipe ? await openInputPipe(path) : await Deno.open(path);
  if (extent !== undefined) await file.seek(extent.offset, Deno.SeekMode.Start);
  for (let left = extent?.length ?? Infinity; left > 0;) {
    // A new buffer each time: decoders keep what they were given while we read on.
    const buffer = new Uint8Array(Math.min(readSize, left));
    const count = await file.read(buffer);
    if (count === null) {
      if (extent === undefined) return;
      throw new EnrootError(`Cannot read ${path}: unexpected end of file`);
    }
    left -= count;
    yield buffer.subarray(0, count);
  }
}

/**
 * Reads a small file whole.
 *
 * @throws {EnrootError} when it is missing or larger than `maxSize` bytes
 */
export async function readDocument(
  files: FileSet,
  { name, maxSize }: { name: string; maxSize: number },
): Promise<Uint8Array> {
  const size = await files.size(name);
  if (size === null) throw new EnrootError(`Cannot read ${files.path}: no ${name} in it`);
  if (size > maxSize) throw new EnrootError(`Cannot read ${name} in ${files.path}: too large`);
  const bytes = new Uint8Array(size);
  let filled = 0;
  for await (const chunk of files.stream(name)) {
    bytes.set(chunk.subarray(0, size - filled), filled);
    filled += chunk.length;
  }
  if (filled !== size) throw new EnrootError(`Cannot read ${name} in ${files.path}: size changed`);
  return bytes;
}

/** Passes bytes on, and ends with an error if they are not those of the descriptor. */
export async function* verified(
  bytes: AsyncIterable<Uint8Array>,
  { digest, size }: Descriptor,
): AsyncGenerator<Uint8Array> {
  const builder = new DigestBuilder(digest);
  for await (const chunk of bytes) {
    builder.update(chunk);
    if (builder.size > size) break;
    yield chunk;
  }
  if (builder.size !== size || builder.finish() !== digest) {
    throw new EnrootError(`Cannot read ${digest}: the data does not match its digest`);
  }
}
