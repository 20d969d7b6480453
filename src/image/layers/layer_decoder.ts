import { releaseBytes } from "../../bytes/mod.ts";
import { EnrootError, messageOf } from "../../diagnostics/mod.ts";
import { CompressionError, decompressStream } from "../../formats/compress/mod.ts";
import { type Digest, DigestBuilder } from "../../formats/oci/mod.ts";
import { ChunkQueue } from "./chunk_queue.ts";
import { ConnectionLimit } from "../source/connection_limit.ts";
import { DecodingThread } from "./decoding_thread.ts";

/** A layer as its source has it. */
export interface EncodedLayer {
  /** What messages call it. */
  name: string;
  /** Its bytes, compressed or not. The chunks are the reader's. */
  bytes: Promise<AsyncIterable<Uint8Array>>;
  /** What the digest of the uncompressed bytes must be; null if it is not known. */
  diffId: Digest | null;
}

/** Decompresses the layers of an image and checks what comes out. */
export class LayerDecoder implements Disposable {
  readonly #threads: number;
  readonly #limit: ConnectionLimit;
  readonly #started: DecodingThread[] = [];
  readonly #idle: DecodingThread[] = [];
  #closed = false;

  /** @param options.threads how many to start besides this one; 0 for none */
  constructor({ threads }: { threads: number }) {
    this.#threads = threads;
    this.#limit = new ConnectionLimit(Math.max(1, threads));
  }

  /** Ends everything that is under way. */
  [Symbol.dispose](): void {
    this.#closed = true;
    for (const thread of this.#started) thread[Symbol.dispose]();
  }

  /**
   * The uncompressed bytes of a layer. Each chunk is good until the next one is asked for.
   *
   * Threads work some chunks ahead of the reader, on layers in the order of these calls. The
   * iteration ends with an {@link EnrootError} when the layer is damaged, or not what its digest
   * says: at the latest at its end.
   */
  decode(layer: EncodedLayer): AsyncIterable<Uint8Array> {
    // Why it cannot be had is told to the reader, who may come later.
    layer.bytes.catch(() => {});
    return checked(this.#threads === 0 ? decodeHere(layer) : this.#decodeThere(layer), layer);
  }

  #decodeThere({ bytes }: EncodedLayer): AsyncIterable<Uint8Array> {
    let thread: DecodingThread | undefined;
    const output = new ChunkQueue(() => thread?.taken());
    const decode = async () => {
      const input = await bytes;
      if (this.#closed) return;
      thread = this.#idle.pop() ?? this.#start();
      await thread.decode(input, output);
      this.#idle.push(thread);
    };
    this.#limit.run(decode).then(() => output.end(), (error) => output.end(error));
    return output;
  }

  #start(): DecodingThread {
    const thread = new DecodingThread();
    this.#started.push(thread);
    return thread;
  }
}

async function* decodeHere({ bytes }: EncodedLayer): AsyncGenerator<Uint8Array> {
  yield* decompressStream(releasing(await bytes));
}

/** Passes bytes on until they prove not to be those of the layer. */
async function* checked(
  bytes: AsyncIterable<Uint8Array>,
  { name, diffId }: EncodedLayer,
): AsyncGenerator<Uint8Array> {
  const builder = diffId === null ? null : new DigestBuilder(diffId);
  try {
    for await (const chunk of releasing(bytes)) {
      builder?.update(chunk);
      yield chunk;
    }
  } catch (cause) {
    if (!(cause instanceof CompressionError)) throw cause;
    throw new EnrootError(`${messageOf(cause)} (${name})`, { cause });
  }
  if (builder === null || builder.finish() === diffId) return;
  throw new EnrootError(`Cannot extract ${name}: its content is not ${diffId}`);
}

/** Gives the memory of each chunk back when the next one is asked for. */
async function* releasing(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const chunk of bytes) {
    yield chunk;
    releaseBytes(chunk);
  }
}
