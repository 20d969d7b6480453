import type { EnrootError } from "../../diagnostics/mod.ts";
import type { DirectoryEntry, SquashfsFile } from "../../formats/squashfs/reader/mod.ts";
import { close } from "../../linux/mod.ts";
import { attributesOf, type PartTask } from "./extract_task.ts";
import type { FileAttributes, FileMaker } from "../shared/file_maker.ts";
import type { HardLinks } from "./hard_links.ts";
import type { ImageFile } from "../shared/image_file.ts";
import { cannotExtract, type OpenDirectory } from "./open_directory.ts";

/** Parts have at least this many bytes, and a multiple of the largest block. */
const PART_SIZE = 32 << 20;
/** Finding a part's place takes a look at all blocks before it, so there are not too many. */
const MAX_PARTS = 64;

interface LargeFile {
  directory: OpenDirectory;
  entry: DirectoryEntry;
}

interface FileInParts extends LargeFile {
  fd: number;
  inode: SquashfsFile;
  attributes: FileAttributes;
  /** Where the next part starts. */
  next: number;
  partsUnderWay: number;
}

/** Files that are written in parts, by several threads at a time. */
export class LargeFiles implements Disposable {
  readonly #image: ImageFile;
  readonly #maker: FileMaker;
  readonly #links: HardLinks;
  readonly #waiting: LargeFile[] = [];
  readonly #open = new Map<number, FileInParts>();
  /** The file whose parts are being given out. */
  #current: FileInParts | null = null;

  constructor(image: ImageFile, { maker, links }: { maker: FileMaker; links: HardLinks }) {
    this.#image = image;
    this.#maker = maker;
    this.#links = links;
  }

  /** Adds a file, which is yet to be made; its directory is held until it is there. */
  add(file: LargeFile): void {
    file.directory.hold();
    this.#waiting.push(file);
  }

  /** The next part to be written, if there is one. @throws {EnrootError} */
  next(): PartTask | null {
    const file = this.#current ?? this.#makeNext();
    if (file === null) return null;
    const { fd, inode, next: start } = file;
    const end = Math.min(start + partSize(inode), inode.size);
    file.next = end;
    file.partsUnderWay++;
    this.#current = end < inode.size ? file : null;
    return { kind: "part", fd, reference: inode.reference, start, end };
  }

  /** Takes note of a part that has been written; with the last one the file is whole. */
  finish({ fd }: PartTask): void {
    const file = this.#open.get(fd);
    if (file === undefined) throw new Error(`no file has the descriptor ${fd}`);
    if (--file.partsUnderWay > 0 || file.next < file.inode.size) return;
    const { directory, entry, inode, attributes } = file;
    try {
      this.#maker.finishOpenFile(fd, attributes);
      this.#open.delete(fd);
      close(fd);
    } catch (error) {
      throw failure(file, error);
    }
    if (inode.nlink > 1) this.#links.noteMade(entry, { place: directory.place, name: entry.name });
    directory.release();
  }

  /** The error for a part that cannot be written. */
  failureOf({ fd }: PartTask, reason: string): EnrootError {
    const file = this.#open.get(fd);
    if (file === undefined) throw new Error(`no file has the descriptor ${fd}`);
    return failure(file, reason);
  }

  [Symbol.dispose](): void {
    for (const fd of this.#open.keys()) close(fd);
  }

  #makeNext(): FileInParts | null {
    const next = this.#waiting.shift();
    if (next === undefined) return null;
    const { directory, entry } = next;
    try {
      const inode = this.#image.reader.readInode(entry.reference);
      if (inode.kind !== "file") throw new Error("the image changed");
      const attributes = attributesOf(inode, this.#image);
      const place = { directory: directory.fd, name: entry.name };
      const fd = this.#maker.openFile(place, attributes);
      const file = { ...next, fd, inode, attributes, next: 0, partsUnderWay: 0 };
      this.#open.set(fd, file);
      return file;
    } catch (error) {
      throw failure(next, error);
    }
  }
}

function partSize({ size }: SquashfsFile): number {
  return PART_SIZE * Math.max(1, Math.ceil(size / MAX_PARTS / PART_SIZE));
}

function failure({ directory, entry }: LargeFile, cause: unknown): EnrootError {
  return cannotExtract(directory.pathOf(entry.name), cause);
}
