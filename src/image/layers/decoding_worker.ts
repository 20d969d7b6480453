/**
 * The worker thread of DecodingThread: decompresses one layer after the other.
 *
 * It is sent the bytes of a layer, then null. It answers with the decompressed bytes, then null, or
 * with the reason why it cannot go on.
 */
import { releaseBytes } from "../../bytes/mod.ts";
import { messageOf } from "../../diagnostics/mod.ts";
import { decompressStream } from "../../formats/compress/mod.ts";

/** What the worker is sent. "taken": a chunk of its output has been used. */
export type DecodingRequest = Uint8Array | null | "taken";

/** What it answers. "taken": it has begun with a chunk of its input. */
export type DecodingAnswer = Uint8Array | null | "taken" | { failure: string };

/** How many chunks of output, of about 1 MiB, may be on their way. */
const MAX_AHEAD = 4;

/** What a dedicated worker finds around it, as far as it is used here. */
interface WorkerScope {
  onmessage: ((event: MessageEvent<DecodingRequest>) => void) | null;
  postMessage(message: DecodingAnswer, transfer?: Transferable[]): void;
}

const scope = globalThis as unknown as WorkerScope;
const received: (Uint8Array | null)[] = [];
let ahead = 0;
let wake = () => {};

scope.onmessage = ({ data }) => {
  if (data === "taken") ahead--;
  else received.push(data);
  wake();
};

decodeLayers();

async function decodeLayers(): Promise<void> {
  for (;;) {
    const first = await next();
    try {
      await decode(first);
      scope.postMessage(null);
    } catch (error) {
      return scope.postMessage({ failure: messageOf(error) });
    }
  }
}

async function decode(first: Uint8Array | null): Promise<void> {
  for await (const chunk of decompressStream(input(first))) {
    while (ahead === MAX_AHEAD) await message();
    ahead++;
    // What has a buffer of its own is handed over without a copy.
    const own = chunk.length === chunk.buffer.byteLength ? chunk : chunk.slice();
    scope.postMessage(own, [own.buffer as ArrayBuffer]);
  }
}

/** The bytes of one layer; each chunk is good until the next one is asked for. */
async function* input(first: Uint8Array | null): AsyncGenerator<Uint8Array> {
  for (let chunk = first; chunk !== null; chunk = await next()) {
    scope.postMessage("taken");
    yield chunk;
    releaseBytes(chunk);
  }
}

async function next(): Promise<Uint8Array | null> {
  for (;;) {
    const data = received.shift();
    if (data !== undefined) return data;
    await message();
  }
}

/** Waits until something has been received. */
function message(): Promise<void> {
  return new Promise((resolve) => wake = resolve);
}
