import { DirectoryPage, type Entry, type ReadRange } from "../../../formats/fuse/mod.ts";
import type { DirectoryEntry, SquashfsDirectory } from "../../../formats/squashfs/reader/mod.ts";
import { ListingDetail } from "./listing_detail.ts";
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

/** The kernel gets a name alone, and looks the file up when a program wants it. */
const UNTOLD: Entry = { nodeId: 0, attributes: null };

/** A directory that was not read to its end yet. */
interface OpenListing {
  reference: number;
  entries: DirectoryEntry[];
  /** Whether more than names is told of the files in it. */
  detailed: boolean;
}

/** How many such directories are kept. */
const OPEN_LISTINGS = 4;

/**
 * Answers READDIR and READDIRPLUS page by page. An offset is the number of a name, counted from "."
 * and "..".
 */
export class DirectoryReader {
  readonly #image: ServedImage;
  /** The most recently read first. */
  readonly #open: OpenListing[] = [];
  readonly #detail = new ListingDetail();

  constructor(image: ServedImage) {
    this.#image = image;
  }

  /**
   * Fills a page.
   *
   * @param options.plus with attributes, of every file or, if that seems enough, of directories
   * @returns the length of the page, 0 at the end of the directory
   * @throws {SquashfsError}
   */
  read(
    directory: SquashfsDirectory,
    { range, room, plus }: { range: ReadRange; room: Uint8Array; plus: boolean },
  ): number {
    if (range.offset >= END_OFFSET) return 0;
    const page = new DirectoryPage(room.subarray(0, range.size));
    const { inodeNumber } = directory;
    const listing = this.#listing(directory, range);
    const { entries, detailed } = listing;
    const end = entries.length + 2;
    let offset = range.offset;
    for (; offset < end; offset++) {
      const nextOffset = offset + 1 < end ? offset + 1 : END_OFFSET;
      const file = entries[offset - 2];
      const name = file === undefined
        ? { name: offset === 0 ? "." : "..", inodeNumber, type: TYPES.directory, nextOffset }
        : { name: file.name, inodeNumber: file.inodeNumber, type: TYPES[file.kind], nextOffset };
      const told = file !== undefined && (detailed || file.kind === "directory");
      const fits = plus
        ? page.addPlus(name, told ? this.#entry(file.reference) : UNTOLD)
        : page.add(name);
      if (!fits) break;
    }
    if (offset < end) this.#keep(listing);
    return page.length;
  }

  /** Notes that a file has been looked up by name. */
  lookedUp(directory: SquashfsDirectory, file: DirectoryEntry): void {
    if (file.kind !== "directory") this.#detail.lookedUp(directory.reference);
  }

  /** A file whose inode is damaged is listed; to look it up is what fails. */
  #entry(reference: number): Entry {
    try {
      return this.#image.entry(reference);
    } catch {
      return UNTOLD;
    }
  }

  #listing(directory: SquashfsDirectory, { offset }: ReadRange): OpenListing {
    const { reference } = directory;
    const kept = this.#open.findIndex((listing) => listing.reference === reference);
    const [open] = kept === -1 ? [] : this.#open.splice(kept, 1);
    if (open !== undefined && offset > 0) return open;
    const entries = open?.entries ?? this.#image.reader.readDirectory(directory);
    return { reference, entries, detailed: this.#detail.next(reference) };
  }

  #keep(listing: OpenListing): void {
    if (this.#open.length === OPEN_LISTINGS) this.#open.pop();
    this.#open.unshift(listing);
  }
}
