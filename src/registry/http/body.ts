import { brokenOff, tooSlow } from "./network_failure.ts";
import { shownUrl } from "./redaction.ts";
import { TransferError } from "./transfer_error.ts";

/** A response whose body is still to be read. */
export interface Answer {
  response: Response;
  /** Where it came from at last, after redirects. */
  url: URL;
  /** Seconds without a byte after which the connection counts as dead. */
  stallLimit: number;
  /** Seconds after which a document, as opposed to a layer, must have come in whole. */
  documentLimit: number;
  signal: AbortSignal;
}

/**
 * The bytes of a body as they come.
 *
 * @param limit seconds that the whole of it may take: a server that sends a byte now and then does
 *   not stall, but holds us all the same
 * @throws {TransferError} when the connection breaks or stalls, or time is up
 */
export async function* chunksOf(
  answer: Answer,
  limit = Infinity,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const { response, url, stallLimit, signal } = answer;
  if (response.body === null) return;
  const reader = response.body.getReader();
  const deadline = performance.now() + limit * 1000;
  let stalled = false;
  const giveUp = () => {
    stalled = true;
    reader.cancel().catch(() => {});
  };
  try {
    for (;;) {
      const left = Math.max(0, deadline - performance.now());
      const patience = Math.min(stallLimit * 1000, left);
      const timer = patience === Infinity ? undefined : setTimeout(giveUp, patience);
      let result;
      try {
        result = await reader.read();
      } catch (cause) {
        throw signal.aborted ? signal.reason : brokenOff(cause, url);
      } finally {
        clearTimeout(timer);
      }
      if (stalled) {
        throw patience === left ? tooSlow(limit, url) : brokenOff(
          new Error(`no data for ${stallLimit} s`),
          url,
        );
      }
      if (result.done) return;
      yield result.value;
      if (performance.now() > deadline) throw tooSlow(limit, url);
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

/**
 * Reads a whole body.
 *
 * @throws {TransferError} when it has more bytes than the limit, breaks off, or takes too long
 */
export async function readBody(answer: Answer, limit: number): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of chunksOf(answer, answer.documentLimit)) {
    size += chunk.length;
    if (size > limit) {
      const what = shownUrl(answer.url);
      throw new TransferError(`Cannot read ${what}: larger than ${limit} bytes`, {
        failure: "final",
      });
    }
    chunks.push(chunk);
  }
  const body = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    body.set(chunk, at);
    at += chunk.length;
  }
  return body;
}

/** Leaves a body unread. */
export async function discard({ response }: Answer): Promise<void> {
  await response.body?.cancel().catch(() => {});
}
