import { outputTooLarge, unexpectedEnd } from "../compression_error.ts";
import { ByteQueue } from "./byte_queue.ts";

/**
 * A decoder that neither fetches its input nor keeps its output, so that one serves both streams
 * and single blocks.
 *
 * It yields a number to ask for so many bytes of input, and is resumed with them, or with fewer if
 * the input ends before. It yields bytes as output, which are valid until it is resumed.
 */
export type DecoderSteps<Result = void> = Generator<number | Uint8Array, Result, Uint8Array>;

const NOTHING = new Uint8Array();

/** Takes exactly so many bytes of input. @throws {CompressionError} the input ends before */
export function* take(format: string, length: number): DecoderSteps<Uint8Array> {
  if (length === 0) return NOTHING;
  const bytes = yield length;
  if (bytes.length < length) throw unexpectedEnd(format);
  return bytes;
}

/** Runs a decoder and shows its output to another on the way. */
export function* watchOutput<Result>(
  steps: DecoderSteps<Result>,
  watch: (output: Uint8Array) => void,
): DecoderSteps<Result> {
  let step = steps.next();
  while (!step.done) {
    if (typeof step.value === "number") {
      step = steps.next(yield step.value);
    } else {
      watch(step.value);
      yield step.value;
      step = steps.next(NOTHING);
    }
  }
  return step.value;
}

/** Runs a decoder over one block and returns its output, of at most `maxOutput` bytes. */
export function decodeWhole(
  steps: DecoderSteps,
  block: { format: string; input: Uint8Array; maxOutput: number },
): Uint8Array {
  const { format, input, maxOutput } = block;
  const output = new ByteQueue();
  let from = 0;
  try {
    let step = steps.next();
    while (!step.done) {
      if (typeof step.value === "number") {
        const piece = input.subarray(from, from + step.value);
        from += piece.length;
        step = steps.next(piece);
      } else {
        if (step.value.length > maxOutput - output.length) throw outputTooLarge(format, maxOutput);
        output.push(step.value.slice());
        step = steps.next(NOTHING);
      }
    }
  } finally {
    steps.return();
  }
  return output.take(output.length);
}

/** Runs a decoder over a stream; no more input is fetched than the next output needs. */
export async function* decodeStreamed(
  steps: DecoderSteps,
  input: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  const queue = new ByteQueue();
  const source = input[Symbol.asyncIterator]();
  try {
    let step = steps.next();
    while (!step.done) {
      if (typeof step.value === "number") {
        const wanted = step.value;
        for (let next; queue.length < wanted && !(next = await source.next()).done;) {
          // What is left of it outlives the source's promise.
          queue.push(next.value.slice());
        }
        step = steps.next(queue.take(Math.min(wanted, queue.length)));
      } else {
        if (step.value.length > 0) yield step.value.slice();
        step = steps.next(NOTHING);
      }
    }
  } finally {
    steps.return();
    await source.return?.();
  }
}
