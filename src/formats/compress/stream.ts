import { bunzip2Stream } from "./bzip2/bzip2_stream.ts";
import { decodeStreamed } from "./xz/decoder_steps.ts";
import { detectCompression, DETECTION_LENGTH } from "./detect.ts";
import { gunzipStream } from "./gzip_stream.ts";
import { unzstdStream } from "./zstd_stream.ts";
import { decodeXz } from "./xz/xz_decoder.ts";
import { PUMP_CHUNK_SIZE } from "./zlib_pump.ts";

/**
 * Decompresses a stream by what its first bytes say; plain data pass through as they are.
 *
 * Decompressed data come in chunks of about 1 MiB. The next chunk of input is asked for only when
 * all output of the last one has been taken, and the last one is not used any more then; chunks of
 * output are the reader's. Errors of the input come through unchanged, and the
 * input is closed when the reader stops early.
 *
 * @throws {CompressionError} the data are malformed, cut short or use what is not supported
 */
export async function* decompressStream(
  input: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  const source = input[Symbol.asyncIterator]();
  try {
    const head = await readHead(source);
    const whole = resume(head, source);
    switch (detectCompression(head)) {
      case "none":
        yield* whole;
        break;
      case "gzip":
        yield* merged(gunzipStream(whole));
        break;
      case "zstd":
        yield* merged(unzstdStream(whole));
        break;
      case "xz":
        yield* decodeStreamed(decodeXz(), whole);
        break;
      case "bzip2":
        yield* bunzip2Stream(whole, { chunkSize: PUMP_CHUNK_SIZE });
        break;
    }
  } finally {
    await source.return?.();
  }
}

/** Reads as many chunks as it takes to tell the compression, fewer only if there are no more. */
async function readHead(source: AsyncIterator<Uint8Array>): Promise<Uint8Array> {
  let head: Uint8Array = new Uint8Array();
  while (head.length < DETECTION_LENGTH) {
    const { done, value } = await source.next();
    if (done) break;
    const isEnough = head.length === 0 && value.length >= DETECTION_LENGTH;
    head = isEnough ? value : concatenate(head, value);
  }
  return head;
}

/** The chunks read so far, then the rest. */
async function* resume(
  head: Uint8Array,
  source: AsyncIterator<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  if (head.length > 0) yield head;
  for (let next; !(next = await source.next()).done;) yield next.value;
}

/**
 * Joins chunks that lie side by side in one buffer, as native decompressors give them when they
 * are fed little by little, so that readers see few large chunks. Nothing is copied.
 */
async function* merged(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let pending: Uint8Array = new Uint8Array();
  for await (const chunk of chunks) {
    const end = pending.byteOffset + pending.length;
    if (chunk.buffer === pending.buffer && chunk.byteOffset === end) {
      pending = new Uint8Array(chunk.buffer, pending.byteOffset, pending.length + chunk.length);
    } else {
      if (pending.length > 0) yield pending;
      pending = chunk;
    }
    if (pending.length >= PUMP_CHUNK_SIZE) {
      yield pending;
      pending = new Uint8Array();
    }
  }
  if (pending.length > 0) yield pending;
}

function concatenate(first: Uint8Array, second: Uint8Array): Uint8Array {
  const whole = new Uint8Array(first.length + second.length);
  whole.set(first);
  whole.set(second, first.length);
  return whole;
}
