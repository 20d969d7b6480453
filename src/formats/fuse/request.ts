import { type ByteString, byteString } from "../../bytes/mod.ts";
import { getU64, setU64, SIZE } from "./layout.ts";
import { OPCODE } from "./opcode.ts";

/** The least the kernel wants a buffer for requests to hold (FUSE_MIN_READ_BUFFER). */
const MIN_BUFFER = 8192;

/** Bytes that a request must bring behind its header, by opcode; none where not listed. */
const MIN_BODY: ReadonlyMap<number, number> = new Map([
  [OPCODE.LOOKUP, 2],
  [OPCODE.READ, SIZE.readIn],
  [OPCODE.READDIR, SIZE.readIn],
  [OPCODE.READDIRPLUS, SIZE.readIn],
  [OPCODE.GETXATTR, SIZE.getxattrIn + 2],
  [OPCODE.LISTXATTR, SIZE.getxattrIn],
  [OPCODE.INIT, SIZE.initIn],
]);

/** What the kernel says of itself when the connection begins (struct fuse_init_in). */
export interface InitRequest {
  major: number;
  minor: number;
  maxReadahead: number;
  /** Bits of INIT_FLAG. */
  flags: number;
}

/** A range of a file or of a directory listing (struct fuse_read_in). */
export interface ReadRange {
  offset: number;
  size: number;
}

/**
 * One request of the kernel, in memory that is used again for the next one.
 *
 * Read from the device into `buffer`, then call receive(); the fields stay valid until the next
 * request is read.
 */
export class Request {
  readonly buffer: Uint8Array<ArrayBuffer>;
  readonly #view: DataView;
  #length = 0;

  constructor(capacity = MIN_BUFFER) {
    this.buffer = new Uint8Array(Math.max(capacity, MIN_BUFFER));
    this.#view = new DataView(this.buffer.buffer);
  }

  /**
   * Takes in so many bytes that were read from the device.
   *
   * @returns whether they are one whole request; if not, it cannot even be answered
   */
  receive(length: number): boolean {
    this.#length = length;
    return length >= SIZE.inHeader && this.#view.getUint32(0, true) === length;
  }

  /** Puts a request of our own here, as if it had been received. */
  compose({ opcode, nodeId, body }: { opcode: number; nodeId: number; body: Uint8Array }): void {
    const length = SIZE.inHeader + body.length;
    this.buffer.fill(0, 0, SIZE.inHeader);
    this.buffer.set(body, SIZE.inHeader);
    this.#view.setUint32(0, length, true);
    this.#view.setUint32(4, opcode, true);
    setU64(this.#view, 16, nodeId);
    this.#length = length;
  }

  /** Whether the request brings all that its kind needs. */
  get complete(): boolean {
    return this.#length - SIZE.inHeader >= (MIN_BODY.get(this.opcode) ?? 0);
  }

  /** All of the request. */
  get bytes(): Uint8Array {
    return this.buffer.subarray(0, this.#length);
  }

  get opcode(): number {
    return this.#view.getUint32(4, true);
  }

  /** What a reply refers to the request by. */
  get unique(): bigint {
    return this.#view.getBigUint64(8, true);
  }

  /** The file it is about, by the number an earlier reply gave it. */
  get nodeId(): number {
    return getU64(this.#view, 16);
  }

  /** The uid that asks, in the user namespace of the mount. */
  get uid(): number {
    return this.#view.getUint32(24, true);
  }

  init(): InitRequest {
    return {
      major: this.#view.getUint32(SIZE.inHeader, true),
      minor: this.#view.getUint32(SIZE.inHeader + 4, true),
      maxReadahead: this.#view.getUint32(SIZE.inHeader + 8, true),
      flags: this.#view.getUint32(SIZE.inHeader + 12, true),
    };
  }

  /** The range of READ, READDIR or READDIRPLUS. */
  range(): ReadRange {
    return {
      offset: getU64(this.#view, SIZE.inHeader + 8),
      size: this.#view.getUint32(SIZE.inHeader + 16, true),
    };
  }

  /** The name that LOOKUP asks for. */
  lookupName(): ByteString {
    return this.#name(SIZE.inHeader);
  }

  /** The attribute that GETXATTR asks for. */
  xattrName(): ByteString {
    return this.#name(SIZE.inHeader + SIZE.getxattrIn);
  }

  /** Room there is for what GETXATTR and LISTXATTR ask for; 0 asks for its length alone. */
  xattrRoom(): number {
    return this.#view.getUint32(SIZE.inHeader, true);
  }

  /** A C string; without its NUL it ends with the request. */
  #name(at: number): ByteString {
    const end = this.buffer.indexOf(0, at);
    return byteString(this.buffer, at, end === -1 || end > this.#length ? this.#length : end);
  }
}
