import { type ByteString, byteString } from "../../bytes/mod.ts";
import type { TarEntry } from "./entry.ts";
import { BLOCK_SIZE, type Header, isZeroBlock, parseHeader } from "./header.ts";
import { type Extensions, type Member, memberFrom } from "./member.ts";
import { parsePaxRecords } from "./pax.ts";
import { addOldGnuPieces, checkSparseMap, type SparseMap, SparseMapParser } from "./sparse.ts";
import { TarError } from "./tar_error.ts";

/** Receives the members of an archive one after the other. */
export interface TarHandler {
  /** A member begins. */
  entry(entry: TarEntry): void;
  /** The next bytes of a file: a view of what was pushed. */
  data(chunk: Uint8Array): void;
  /** The next bytes of a file are this many zeros, more than none, that the archive left out. */
  hole(length: number): void;
  /** The member is whole. */
  endEntry(): void;
}

/** Reads an archive as its bytes arrive. */
export interface TarReader {
  /**
   * Takes the next bytes, in pieces of any size, and calls the handler before it returns.
   *
   * @throws {TarError} when they are not those of an archive; and whatever the handler throws.
   * Either way the reader cannot be used any more.
   */
  push(chunk: Uint8Array): void;
  /** Says that there are no more bytes. @throws {TarError} when the archive is not whole */
  end(): void;
}

/** What follows the end of an archive fills a record, a tape or a disk; no more bytes of it are read. */
const MAX_TRAILING_SIZE = 2 ** 30;
/** No pax header or long name has more bytes than this. */
const MAX_METADATA_SIZE = 1024 * 1024;

/**
 * Starts reading an archive: V7, POSIX ustar and pax, GNU (tar(5)), with whatever extensions a
 * member uses. The archive ends at the first pair of zero blocks, after which up to 1 GiB is ignored,
 * or where the bytes end.
 *
 * Calls instead of promises: layers have hundreds of thousands of small members, and one promise for
 * each would take longer than the rest of the work.
 */
export function createTarReader(handler: TarHandler): TarReader {
  return new Reader(handler);
}

/** What the next bytes are. */
type Phase =
  | { name: "header" }
  | { name: "metadata"; typeflag: string; body: Uint8Array; filled: number }
  | { name: "sparse header"; member: Member; map: SparseMap }
  | { name: "sparse map"; member: Member; parser: SparseMapParser; stored: number }
  | { name: "data" }
  | { name: "skipped" }
  | { name: "finished" };

const HEADER: Phase = { name: "header" };
const DATA: Phase = { name: "data" };

class Reader implements TarReader {
  readonly #handler: TarHandler;
  #phase: Phase = HEADER;
  /** A block that arrives in pieces. */
  readonly #block = new Uint8Array(BLOCK_SIZE);
  #blockFill = 0;
  /** Bytes that are missing of the current body, and of the padding after it. */
  #bodyLeft = 0;
  #paddingLeft = 0;
  #sawZeroBlock = false;
  /** Bytes after the end of the archive. */
  #trailing = 0;
  #extensions: Extensions = { local: null, global: null, longName: null, longLink: null };
  /** Of a sparse file: its map, where in it we are, and the position in the file. */
  #sparse: SparseMap | null = null;
  #piece = 0;
  #position = 0;
  #size = 0;

  constructor(handler: TarHandler) {
    this.#handler = handler;
  }

  push(chunk: Uint8Array): void {
    let at = 0;
    while (at < chunk.length && this.#phase.name !== "finished") {
      if (this.#bodyLeft > 0) {
        const count = Math.min(this.#bodyLeft, chunk.length - at);
        this.#takeBody(chunk.subarray(at, at + count));
        this.#bodyLeft -= count;
        at += count;
        if (this.#bodyLeft === 0) this.#endBody();
      } else if (this.#paddingLeft > 0) {
        const count = Math.min(this.#paddingLeft, chunk.length - at);
        this.#paddingLeft -= count;
        at += count;
      } else if (this.#blockFill === 0 && chunk.length - at >= BLOCK_SIZE) {
        this.#takeBlock(chunk.subarray(at, at + BLOCK_SIZE));
        at += BLOCK_SIZE;
      } else {
        const count = Math.min(BLOCK_SIZE - this.#blockFill, chunk.length - at);
        this.#block.set(chunk.subarray(at, at + count), this.#blockFill);
        this.#blockFill += count;
        at += count;
        if (this.#blockFill === BLOCK_SIZE) {
          this.#blockFill = 0;
          this.#takeBlock(this.#block);
        }
      }
    }
    this.#trailing += chunk.length - at;
    if (this.#trailing > MAX_TRAILING_SIZE) {
      throw new TarError(`more than ${MAX_TRAILING_SIZE} bytes after the end of the archive`);
    }
  }

  end(): void {
    if (this.#phase.name === "finished") return;
    const { local, longName, longLink } = this.#extensions;
    const dangling = local !== null || longName !== null || longLink !== null;
    if (this.#phase.name !== "header" || this.#blockFill > 0 || dangling) {
      throw new TarError("archive is truncated");
    }
  }

  #takeBlock(block: Uint8Array): void {
    const phase = this.#phase;
    switch (phase.name) {
      case "header":
        return this.#takeHeader(block);
      case "sparse header":
        if (!addOldGnuPieces(phase.map, block, "more")) {
          this.#beginFile(phase.member, { map: phase.map, stored: phase.member.stored });
        }
        return;
      case "sparse map":
        if (phase.stored < BLOCK_SIZE) throw new TarError("malformed sparse map");
        phase.stored -= BLOCK_SIZE;
        if (!phase.parser.push(block)) {
          this.#beginFile(phase.member, { map: phase.parser.map, stored: phase.stored });
        }
        return;
      default:
        throw new Error(`no block expected in phase ${phase.name}`);
    }
  }

  #takeHeader(block: Uint8Array): void {
    if (block[0] === 0 && isZeroBlock(block)) {
      if (this.#sawZeroBlock) this.#phase = { name: "finished" };
      this.#sawZeroBlock = true;
      return;
    }
    if (this.#sawZeroBlock) throw new TarError("lone zero block between members");
    const header = parseHeader(block);
    if ("xgLK".includes(header.typeflag)) return this.#beginMetadata(header);
    const member = memberFrom(header, block, this.#extensions);
    const { global } = this.#extensions;
    this.#extensions = { local: null, global, longName: null, longLink: null };
    if (member === null) return this.#beginBody({ name: "skipped" }, header.size);
    this.#beginMember(member);
  }

  #beginMetadata({ typeflag, size }: Header): void {
    if (size > MAX_METADATA_SIZE) {
      throw new TarError(`extended header larger than ${MAX_METADATA_SIZE} bytes`);
    }
    this.#beginBody({ name: "metadata", typeflag, body: new Uint8Array(size), filled: 0 }, size);
  }

  #beginMember(member: Member): void {
    const { entry, stored, sparse } = member;
    if (sparse === null) {
      this.#sparse = null;
      this.#handler.entry(entry);
      this.#beginBody(entry.kind === "file" ? DATA : { name: "skipped" }, stored);
      if (entry.kind !== "file") this.#handler.endEntry();
      return;
    }
    switch (sparse.at) {
      case "hand":
        return this.#beginFile(member, { map: sparse.map, stored });
      case "header":
        if (sparse.extended) this.#phase = { name: "sparse header", member, map: sparse.map };
        else this.#beginFile(member, { map: sparse.map, stored });
        return;
      case "body":
        this.#phase = { name: "sparse map", member, parser: new SparseMapParser(), stored };
        return;
    }
  }

  /** Begins a sparse file, now that its map is known. */
  #beginFile({ entry }: Member, { map, stored }: { map: SparseMap; stored: number }): void {
    this.#size = entry.kind === "file" ? entry.size : 0;
    checkSparseMap(map, { real: this.#size, stored });
    this.#sparse = map;
    this.#piece = 0;
    this.#position = 0;
    this.#handler.entry(entry);
    this.#beginBody(DATA, stored);
  }

  #beginBody(phase: Phase, size: number): void {
    this.#phase = phase;
    this.#bodyLeft = size;
    this.#paddingLeft = (BLOCK_SIZE - size % BLOCK_SIZE) % BLOCK_SIZE;
    if (size === 0) this.#endBody();
  }

  #takeBody(chunk: Uint8Array): void {
    const phase = this.#phase;
    if (phase.name === "data") {
      if (this.#sparse === null) this.#handler.data(chunk);
      else this.#placeData(chunk, this.#sparse);
    } else if (phase.name === "metadata") {
      phase.body.set(chunk, phase.filled);
      phase.filled += chunk.length;
    }
  }

  #endBody(): void {
    const phase = this.#phase;
    this.#phase = HEADER;
    if (phase.name === "data") {
      if (this.#sparse !== null) this.#skipTo(this.#size);
      this.#sparse = null;
      this.#handler.endEntry();
    } else if (phase.name === "metadata") {
      this.#takeMetadata(phase.typeflag, phase.body);
    }
  }

  #takeMetadata(typeflag: string, body: Uint8Array): void {
    switch (typeflag) {
      case "x":
        this.#extensions.local = parsePaxRecords(body);
        break;
      case "g":
        this.#extensions.global = mergeGlobal(this.#extensions.global, body);
        break;
      case "L":
        this.#extensions.longName = textUpToNul(body);
        break;
      case "K":
        this.#extensions.longLink = textUpToNul(body);
        break;
    }
  }

  /** Hands on data of a sparse file, with the holes before its pieces. */
  #placeData(chunk: Uint8Array, map: SparseMap): void {
    let at = 0;
    while (at < chunk.length) {
      const piece = map[this.#piece];
      if (piece === undefined) throw new Error("sparse data beyond its map");
      if (this.#position < piece.offset) this.#skipTo(piece.offset);
      const count = Math.min(piece.offset + piece.length - this.#position, chunk.length - at);
      if (count > 0) this.#handler.data(chunk.subarray(at, at + count));
      this.#position += count;
      at += count;
      if (this.#position === piece.offset + piece.length) this.#piece++;
    }
  }

  #skipTo(position: number): void {
    if (position > this.#position) this.#handler.hole(position - this.#position);
    this.#position = position;
  }
}

/** A global header adds to those before it. */
function mergeGlobal(earlier: Extensions["global"], body: Uint8Array): Extensions["global"] {
  const { values } = parsePaxRecords(body);
  return new Map([...earlier ?? [], ...values]);
}

function textUpToNul(body: Uint8Array): ByteString {
  const nul = body.indexOf(0);
  return byteString(body, 0, nul === -1 ? body.length : nul);
}
