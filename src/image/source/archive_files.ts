import { dirname, join } from "@std/path";
import { type ByteString, byteStringFromText } from "../../bytes/mod.ts";
import { EnrootError, messageOf } from "../../diagnostics/mod.ts";
import { decompressStream, detectCompression } from "../../formats/compress/mod.ts";
import {
  createTarReader,
  type TarEntry,
  TarError,
  type TarHandler,
} from "../../formats/tar/mod.ts";
import { type ScratchFile, scratchFile } from "../../store/mod.ts";
import { type Extent, type FileSet, readFile } from "./file_set.ts";
import { checkInputFile } from "./input_file.ts";

/** Archives of images have a few hundred members at most. */
const MAX_MEMBERS = 100_000;
const MAX_LINKS = 40;

/**
 * The files in a tar archive. A compressed one is first decompressed to a file in
 * `temporaryDirectory`, because its members are wanted in another order than they come in.
 *
 * @throws {EnrootError} when it is no archive
 */
export async function archiveFiles(
  path: string,
  { temporaryDirectory }: { temporaryDirectory: string },
): Promise<FileSet> {
  checkInputFile(path, { often: true });
  const index = new MemberIndex();
  let temporary: ScratchFile | null = null;
  try {
    if (await isCompressed(path)) {
      temporary = scratchFile(temporaryDirectory, { prefix: "enroot-archive." });
      await index.read(copied(decompressStream(readFile(path)), temporary.path));
    } else {
      await index.read(readFile(path));
    }
  } catch (cause) {
    temporary?.[Symbol.dispose]();
    if (!(cause instanceof TarError)) throw cause;
    throw new EnrootError(`Cannot read ${path}: ${messageOf(cause)}`, { cause });
  }
  return memberFiles(index, { path, data: temporary?.path ?? path, temporary });
}

function memberFiles(
  index: MemberIndex,
  { path, data, temporary }: { path: string; data: string; temporary: ScratchFile | null },
): FileSet {
  return {
    path,
    size: (name) => Promise.resolve(index.find(name)?.length ?? null),
    stream(name) {
      const extent = index.find(name);
      if (extent === null) throw new EnrootError(`Cannot read ${path}: no ${name} in it`);
      return readFile(data, extent);
    },
    [Symbol.dispose]: () => temporary?.[Symbol.dispose](),
  };
}

async function isCompressed(path: string): Promise<boolean> {
  for await (const head of readFile(path)) return detectCompression(head) !== "none";
  return false;
}

/** Writes bytes to a file while they pass. */
async function* copied(
  bytes: AsyncIterable<Uint8Array>,
  path: string,
): AsyncGenerator<Uint8Array> {
  using file = await Deno.open(path, { write: true });
  for await (const chunk of bytes) {
    for (let at = 0; at < chunk.length;) at += await file.write(chunk.subarray(at));
    yield chunk;
  }
}

/** Where in an archive its members are. */
class MemberIndex implements TarHandler {
  readonly #members = new Map<ByteString, Extent | { target: ByteString }>();
  /** The chunk being read, and where it begins in the archive. */
  #chunk: Uint8Array = new Uint8Array();
  #offset = 0;
  #current: Extent | null = null;

  async read(archive: AsyncIterable<Uint8Array>): Promise<void> {
    const reader = createTarReader(this);
    for await (const chunk of archive) {
      this.#chunk = chunk;
      reader.push(chunk);
      this.#offset += chunk.length;
    }
    reader.end();
  }

  /** Finds a file by name, through links; null if there is none. */
  find(name: string): Extent | null {
    let path = normalized(byteStringFromText(name));
    for (let links = 0; links <= MAX_LINKS; links++) {
      const member = this.#members.get(path);
      if (member === undefined) return null;
      if (!("target" in member)) return member;
      path = member.target;
    }
    return null;
  }

  entry(entry: TarEntry): void {
    this.#current = null;
    const path = normalized(entry.path);
    if (this.#members.size >= MAX_MEMBERS) throw new TarError("too many members");
    if (entry.kind === "file") {
      this.#current = { offset: 0, length: entry.size };
      this.#members.set(path, this.#current);
    } else if (entry.kind === "symlink") {
      this.#members.set(path, { target: normalized(join(dirname(path), entry.target)) });
    } else if (entry.kind === "hardlink") {
      this.#members.set(path, { target: normalized(entry.target) });
    }
  }

  data(chunk: Uint8Array): void {
    if (this.#current === null || this.#current.offset > 0) return;
    this.#current.offset = this.#offset + chunk.byteOffset - this.#chunk.byteOffset;
  }

  hole(): void {
    throw new TarError("sparse file in it");
  }

  endEntry(): void {}
}

/** `./a//b` as `a/b`. */
function normalized(path: ByteString): ByteString {
  return join("/", path).slice(1);
}
