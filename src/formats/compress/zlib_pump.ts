import type { createGunzip, createZstdDecompress } from "node:zlib";

/** How much a native decompressor writes before it hands its buffer out, in bytes. */
export const PUMP_CHUNK_SIZE = 1 << 20;

/**
 * A native streaming decompressor, fed and emptied step by step.
 *
 * Piping would let the source run ahead; here nothing more is fed until everything that the last
 * piece of input gave has been taken, so at most one buffer of output waits at any time.
 */
export class ZlibPump {
  #engine: ReturnType<typeof createGunzip | typeof createZstdDecompress>;
  #fed = 0;
  #busy = false;
  #ended = false;
  #failure: Error | undefined;
  #wake: () => void = () => {};

  constructor(engine: ReturnType<typeof createGunzip | typeof createZstdDecompress>) {
    this.#engine = engine;
    engine.on("readable", () => this.#wake());
    engine.on("end", () => {
      this.#ended = true;
      this.#wake();
    });
    engine.on("error", (error) => {
      this.#failure = error;
      this.#wake();
    });
  }

  /** How many bytes of the input fed it left, because the compressed data end before them. */
  get unused(): number {
    return this.#fed - this.#engine.bytesWritten;
  }

  /** Feeds a piece of input. To be followed by read() until that returns undefined. */
  feed(input: Uint8Array): void {
    this.#fed += input.length;
    this.#busy = true;
    this.#engine.write(input, () => {
      this.#busy = false;
      this.#wake();
    });
  }

  /** Says that there is no more input. To be followed by read() until that returns undefined. */
  finish(): void {
    this.#busy = true;
    this.#engine.end();
  }

  /**
   * Takes the next piece of output, undefined when more input is needed.
   *
   * @throws the native error when the input is malformed, or cut short after finish()
   */
  async read(): Promise<Uint8Array | undefined> {
    while (true) {
      const output: Uint8Array | null = this.#engine.read();
      if (output !== null) {
        return new Uint8Array(output.buffer as ArrayBuffer, output.byteOffset, output.length);
      }
      if (this.#failure !== undefined) throw this.#failure;
      if (this.#ended || !this.#busy) return undefined;
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
  }

  /** Frees the decompressor, at whatever point it is. */
  close(): void {
    this.#engine.destroy();
  }
}
