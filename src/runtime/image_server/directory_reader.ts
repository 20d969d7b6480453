import {
  type DirectoryName,
  DirectoryPage,
  type Entry,
  type ReadRange,
} from "../../formats/fuse/mod.ts";
import type { DirectoryEntry, SquashfsDirectory } from "../../formats/squashfs/mod.ts";
import type { ServedImage } from "./served_image.ts";

/** d_type of getdents(2). */
const TYPES = {
  fifo: 1,
  character: 2,
  directory: 4,
  block: 6,
  file: 8,
  symlink: 10,
  socket: 12,
} as const;

/** Where reading goes on behind the last name: at the end, without a look at the directory. */
const END_OFFSET = 0x7fffffff;

/** "." and ".." are at the offsets 0 and 1. */
const DOTS = 2;

/** Entries of all the listings that are kept, for the next page of one. */
const KEPT_ENTRIES = 16384;

/** Answers READDIR and READDIRPLUS page by page. An offset is the number of a name. */
export class DirectoryReader {
  readonly #image: ServedImage;
  readonly #listings = new Map<number, DirectoryEntry[]>();
  #kept = 0;

  constructor(image: ServedImage) {
    this.#image = image;
  }

  /**
   * Fills a page.
   *
   * @param options.plus with the attributes of every file
   * @returns the length of the page, 0 at the end of the directory
   * @throws {SquashfsError}
   */
  read(
    directory: SquashfsDirectory,
    { range, room, plus }: { range: ReadRange; room: Uint8Array; plus: boolean },
  ): number {
    if (range.offset >= END_OFFSET) return 0;
    const listing = this.#listing(directory);
    const page = new DirectoryPage(room.subarray(0, range.size));
    for (let offset = range.offset; offset < listing.length + DOTS; offset++) {
      const nextOffset = offset + 1 === listing.length + DOTS ? END_OFFSET : offset + 1;
      if (!this.#add(page, { directory, file: listing[offset - DOTS], offset, nextOffset, plus })) {
        break;
      }
    }
    return page.length;
  }

  #add(
    page: DirectoryPage,
    { directory, file, offset, nextOffset, plus }: {
      directory: SquashfsDirectory;
      file: DirectoryEntry | undefined;
      offset: number;
      nextOffset: number;
      plus: boolean;
    },
  ): boolean {
    const name: DirectoryName = file === undefined
      ? {
        name: offset === 0 ? "." : "..",
        inodeNumber: directory.inodeNumber,
        type: TYPES.directory,
        nextOffset,
      }
      : { name: file.name, inodeNumber: file.inodeNumber, type: TYPES[file.kind], nextOffset };
    if (!plus) return page.add(name);
    return page.addPlus(name, file === undefined ? UNTOLD : this.#entry(file.reference));
  }

  /** A file whose inode is damaged is listed; to look it up is what fails. */
  #entry(reference: number): Entry {
    try {
      return this.#image.entry(reference);
    } catch {
      return UNTOLD;
    }
  }

  #listing(directory: SquashfsDirectory): DirectoryEntry[] {
    const kept = this.#listings.get(directory.reference);
    if (kept !== undefined) return kept;
    const listing = this.#image.reader.readDirectory(directory);
    if (this.#kept + listing.length > KEPT_ENTRIES) {
      this.#listings.clear();
      this.#kept = 0;
    }
    this.#listings.set(directory.reference, listing);
    this.#kept += listing.length;
    return listing;
  }
}

/** The kernel gets the name alone and looks the file up when somebody wants it. */
const UNTOLD: Entry = { nodeId: 0, attributes: null };
