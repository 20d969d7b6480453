import type { ByteString } from "../../bytes/mod.ts";
import { type Entry, writeEntry } from "./attributes.ts";
import { setU64, SIZE } from "./layout.ts";

/** One name of a directory (struct fuse_dirent). */
export interface DirectoryName {
  name: ByteString;
  inodeNumber: number;
  /** As getdents(2) tells it: DT_REG and so on. */
  type: number;
  /** Where reading goes on behind this name: what the kernel will ask for next. */
  nextOffset: number;
}

/** As many names of a directory as fit the room of one reply. */
export class DirectoryPage {
  readonly #room: Uint8Array;
  readonly #view: DataView;
  #length = 0;

  /** @param room where the page is built; its length is the page's */
  constructor(room: Uint8Array) {
    this.#room = room;
    this.#view = new DataView(room.buffer, room.byteOffset, room.length);
  }

  /** Bytes of the page so far. */
  get length(): number {
    return this.#length;
  }

  /** Adds a name, for READDIR. @returns whether there was room for it */
  add(name: DirectoryName): boolean {
    return this.#place(name, 0);
  }

  /** Adds a name and what it stands for, for READDIRPLUS. @returns whether there was room for it */
  addPlus(name: DirectoryName, entry: Entry): boolean {
    const at = this.#length;
    if (!this.#place(name, SIZE.entryOut)) return false;
    writeEntry(this.#view, at, entry);
    return true;
  }

  #place({ name, inodeNumber, type, nextOffset }: DirectoryName, before: number): boolean {
    const at = this.#length + before;
    const length = name.length;
    const end = (at + SIZE.dirent + length + 7) & ~7;
    if (end > this.#room.length) return false;
    setU64(this.#view, at, inodeNumber);
    setU64(this.#view, at + 8, nextOffset);
    this.#view.setUint32(at + 16, length, true);
    this.#view.setUint32(at + 20, type, true);
    let to = at + SIZE.dirent;
    for (let index = 0; index < length; index++) this.#room[to++] = name.charCodeAt(index);
    while (to < end) this.#room[to++] = 0;
    this.#length = end;
    return true;
  }
}
