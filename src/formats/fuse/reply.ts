import { type Attributes, type Entry, writeAttributesReply, writeEntry } from "./attributes.ts";
import { getU64, setU64, SIZE } from "./layout.ts";
import type { InitReply } from "./negotiation.ts";

/** What statfs(2) tells (struct fuse_kstatfs). */
export interface FileSystemStatistics {
  /** Size in units of `blockSize`; nothing of it is free. */
  blocks: number;
  files: number;
  blockSize: number;
  maxNameLength: number;
}

/** Flags of an open file (FOPEN_…): what is cached of it stays. */
const FOPEN_KEEP_CACHE = 1 << 1;
const FOPEN_CACHE_DIR = 1 << 3;

/**
 * The reply to one request, in memory that is used again for the next one.
 *
 * Call one of the methods that say what the reply is, then seal() it.
 */
export class Reply {
  readonly #bytes: Uint8Array<ArrayBuffer>;
  readonly #view: DataView;
  /** Memory for data(), to be filled from its beginning. */
  readonly room: Uint8Array<ArrayBuffer>;
  #length = 0;
  #errno = 0;

  /** @param room how many bytes of data a reply can hold */
  constructor(room: number) {
    this.#bytes = new Uint8Array(SIZE.outHeader + room);
    this.#view = new DataView(this.#bytes.buffer);
    this.room = this.#bytes.subarray(SIZE.outHeader);
  }

  /** The request failed: an errno(3) number. */
  error(errno: number): void {
    this.#errno = errno;
    this.#length = 0;
  }

  /** The request succeeded, and that is all. */
  done(): void {
    this.data(0);
  }

  /** The first so many bytes of `room`. */
  data(length: number): void {
    this.#errno = 0;
    this.#length = length;
  }

  /** @param value goes out as it is */
  bytes(value: Uint8Array): void {
    this.room.set(value);
    this.data(value.length);
  }

  entry(entry: Entry): void {
    writeEntry(this.#view, SIZE.outHeader, entry);
    this.data(SIZE.entryOut);
  }

  attributes(attributes: Attributes): void {
    writeAttributesReply(this.#view, SIZE.outHeader, attributes);
    this.data(SIZE.attrOut);
  }

  /** A file or directory is open, without a handle, and the kernel may keep what it cached. */
  opened(): void {
    setU64(this.#view, SIZE.outHeader, 0);
    setU64(this.#view, SIZE.outHeader + 8, FOPEN_KEEP_CACHE | FOPEN_CACHE_DIR);
    this.data(SIZE.openOut);
  }

  /** How long the attribute or list is that was asked for. */
  xattrLength(length: number): void {
    setU64(this.#view, SIZE.outHeader, length);
    this.data(SIZE.getxattrOut);
  }

  statistics({ blocks, files, blockSize, maxNameLength }: FileSystemStatistics): void {
    this.room.fill(0, 0, SIZE.statfsOut);
    setU64(this.#view, SIZE.outHeader, blocks);
    setU64(this.#view, SIZE.outHeader + 24, files);
    this.#view.setUint32(SIZE.outHeader + 40, blockSize, true);
    this.#view.setUint32(SIZE.outHeader + 44, maxNameLength, true);
    this.#view.setUint32(SIZE.outHeader + 48, blockSize, true);
    this.data(SIZE.statfsOut);
  }

  init(reply: InitReply): void {
    const view = this.#view;
    const at = SIZE.outHeader;
    this.room.fill(0, 0, SIZE.initOut);
    view.setUint32(at, reply.major, true);
    view.setUint32(at + 4, reply.minor, true);
    view.setUint32(at + 8, reply.maxReadahead, true);
    view.setUint32(at + 12, reply.flags, true);
    view.setUint16(at + 16, reply.maxBackground, true);
    view.setUint16(at + 18, reply.congestionThreshold, true);
    view.setUint32(at + 20, reply.maxWrite, true);
    view.setUint32(at + 24, reply.timeGranularity, true);
    view.setUint16(at + 28, reply.maxPages, true);
    this.data(SIZE.initOut);
  }

  /** Completes the reply to a request. @returns all of it, to be written at once */
  seal(unique: bigint): Uint8Array<ArrayBuffer> {
    const length = SIZE.outHeader + this.#length;
    this.#view.setUint32(0, length, true);
    this.#view.setInt32(4, -this.#errno, true);
    this.#view.setBigUint64(8, unique, true);
    return this.#bytes.subarray(0, length);
  }
}

/** The number of the file that a sealed reply to LOOKUP names; 0 if there is none. */
export function nodeIdOf(reply: Uint8Array<ArrayBuffer>): number {
  const view = new DataView(reply.buffer, reply.byteOffset, reply.length);
  return reply.length < SIZE.outHeader + SIZE.entryOut ? 0 : getU64(view, SIZE.outHeader);
}
