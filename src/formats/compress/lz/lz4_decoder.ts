import { BlockOutput } from "./block_output.ts";
import { unexpectedEnd } from "../compression_error.ts";
import type { OutputRoom } from "../output_room.ts";

/** Every match is at least this long. */
const MIN_MATCH = 4;
/** A length of four bits that says that more bytes of length follow. */
const EXTENDED = 15;

/**
 * Decompresses one LZ4 block (lz4_Block_format.md): no frame, no checksum, no size.
 *
 * @throws {CompressionError} the block is malformed or decompresses to more than there is room for
 */
export function decodeLz4(input: Uint8Array, room: OutputRoom): Uint8Array {
  const output = new BlockOutput("lz4", { input, room });
  const end = input.length;
  let at = 0;
  while (true) {
    if (at >= end) throw unexpectedEnd("lz4");
    const token = input[at++] ?? 0;

    let length = token >> 4;
    if (length === EXTENDED) {
      let more;
      do length += more = input[at++] ?? 0; while (more === 255);
    }
    if (length > end - at) throw unexpectedEnd("lz4");
    output.copyInput(at, length);
    at += length;
    // The last sequence has no match.
    if (at === end) return output.written();

    const distance = (input[at] ?? 0) | (input[at + 1] ?? 0) << 8;
    at += 2;
    length = token & 15;
    if (length === EXTENDED) {
      let more;
      do length += more = input[at++] ?? 0; while (more === 255);
    }
    // What was cut off has been read as zeros.
    if (at > end) throw unexpectedEnd("lz4");
    output.repeat(distance, length + MIN_MATCH);
  }
}
