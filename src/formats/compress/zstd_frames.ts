import { decompressionError } from "./compression_error.ts";

const FRAME_MAGIC = 0xfd2fb528;
const FRAME_MAGIC_BYTES = new Uint8Array([0x28, 0xb5, 0x2f, 0xfd]);
/** The lowest of the 16 magic numbers of skippable frames. */
const SKIPPABLE_MAGIC = 0x184d2a50;
const DICTIONARY_ID_LENGTHS = [0, 1, 2, 4] as const;
const CONTENT_SIZE_LENGTHS = [0, 2, 4, 8] as const;

/** The fields that are read; what they do not name is passed over by its length. */
type Field = "magic" | "descriptor" | "blockHeader" | "skippableSize";
type Passed = "header" | "block" | "lastBlock" | "checksum" | "skippable";

/**
 * Follows the frame structure of zstd data (RFC 8878 §3.1) without decompressing it.
 *
 * The native decompressor takes the end of a frame in the middle of its input for the end of
 * everything, stops at skippable frames and says nothing of data that are cut short. So it is
 * given frames one by one, and this class knows where they end.
 */
export class ZstdFrames {
  #state: Field | Passed = "magic";
  /** How many bytes of the current part are to come. */
  #missing = 4;
  /** The bytes of the current field so far, little endian. */
  #value = 0;
  #shift = 0;
  #hasChecksum = false;

  /** Whether the data so far end with a whole frame. */
  get complete(): boolean {
    return this.#state === "magic" && this.#missing === 4;
  }

  /**
   * Splits the next chunk of input: no piece spans two frames, skippable frames are left out.
   *
   * @throws {CompressionError} what should be a frame or block is none
   */
  *split(chunk: Uint8Array): Generator<Uint8Array> {
    let start = 0;
    let at = 0;
    while (at < chunk.length) {
      switch (this.#state) {
        case "magic":
        case "descriptor":
        case "blockHeader":
        case "skippableSize": {
          this.#value = (this.#value | (chunk[at++] ?? 0) << this.#shift) >>> 0;
          this.#shift += 8;
          if (--this.#missing > 0) break;
          const field = this.#state;
          this.#endField(field);
          if (field === "magic" && this.#inDataFrame()) {
            // The first bytes of the magic number may have come, and gone, with another chunk.
            if (at < 4) yield FRAME_MAGIC_BYTES;
            start = at < 4 ? at : at - 4;
          }
          break;
        }
        default: {
          const length = Math.min(this.#missing, chunk.length - at);
          at += length;
          this.#missing -= length;
        }
      }
      // A part may be empty, so this is no branch of the switch.
      while (this.#missing === 0) {
        const wasData = this.#inDataFrame();
        this.#endPassed();
        if (this.complete && wasData) yield chunk.subarray(start, at);
      }
    }
    if (this.#inDataFrame() && start < at) yield chunk.subarray(start);
  }

  #inDataFrame(): boolean {
    return this.#state !== "magic" && this.#state !== "skippableSize" &&
      this.#state !== "skippable";
  }

  #enter(state: Field | Passed, length: number): void {
    this.#state = state;
    this.#missing = length;
    this.#value = 0;
    this.#shift = 0;
  }

  #endField(field: Field): void {
    const value = this.#value;
    switch (field) {
      case "magic":
        if (value === FRAME_MAGIC) this.#enter("descriptor", 1);
        else if ((value & ~0xf) === SKIPPABLE_MAGIC) this.#enter("skippableSize", 4);
        else throw decompressionError("zstd", "something else follows the compressed data");
        break;
      case "descriptor": {
        const isSingleSegment = (value & 0x20) !== 0;
        this.#hasChecksum = (value & 0x04) !== 0;
        const windowLength = isSingleSegment ? 0 : 1;
        const contentSizeLength = value >> 6 === 0 && isSingleSegment
          ? 1
          : CONTENT_SIZE_LENGTHS[(value >> 6) as 0 | 1 | 2 | 3];
        const dictionaryIdLength = DICTIONARY_ID_LENGTHS[(value & 3) as 0 | 1 | 2 | 3];
        this.#enter("header", windowLength + dictionaryIdLength + contentSizeLength);
        break;
      }
      case "blockHeader": {
        const type = (value >> 1) & 3;
        if (type === 3) throw decompressionError("zstd", "unknown block type");
        const isRunLength = type === 1;
        this.#enter((value & 1) === 1 ? "lastBlock" : "block", isRunLength ? 1 : value >> 3);
        break;
      }
      case "skippableSize":
        this.#enter("skippable", value);
        break;
    }
  }

  #endPassed(): void {
    switch (this.#state) {
      case "header":
      case "block":
        this.#enter("blockHeader", 3);
        break;
      case "lastBlock":
        if (this.#hasChecksum) this.#enter("checksum", 4);
        else this.#enter("magic", 4);
        break;
      default:
        this.#enter("magic", 4);
    }
  }
}
