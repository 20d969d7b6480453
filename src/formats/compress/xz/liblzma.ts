import { readFileSync } from "node:fs";

/** What one feeding of a coder may hold, in bytes: more than any chunk of LZMA2. */
export const INPUT_SIZE = 1 << 16;
/** What the coder gives at a time, in bytes. */
const OUTPUT_SIZE = 1 << 20;
/** A coder whose memory has grown beyond this is not kept. */
const MOST_KEPT = 24 << 20;

/** What the coder answers (lzma_ret in liblzma's base.h). */
const OK = 0;
const STREAM_END = 1;
const OUT_OF_MEMORY = 5;
const UNKNOWN_OPTIONS = 8;
/** Nothing can be done without more input. */
const STARVED = 10;

/** The door of liblzma.wasm (scripts/liblzma/coder.c says what each does). */
interface Exports {
  memory: WebAssembly.Memory;
  input(): number;
  output(): number;
  start_filters(count: number, length: number): number;
  start_lzma(): number;
  start_encoder(preset: number, dictionarySize: number): number;
  feed(length: number): void;
  code(finish: number): number;
  produced(): number;
}

/** Why liblzma does not go on. */
export class LzmaFault extends Error {
  override name = "LzmaFault";
  /** In words that follow "Cannot decompress xz data:", undefined where the data are damaged. */
  readonly reason: string | undefined;

  constructor(status: number) {
    super(`liblzma: status ${status}`);
    if (status === OUT_OF_MEMORY) this.reason = "not enough memory";
    if (status === UNKNOWN_OPTIONS) this.reason = "unsupported options of a filter";
  }
}

let module: WebAssembly.Module | undefined;
let idle: Liblzma | undefined;

/**
 * A coder of liblzma, in WebAssembly: it has its own memory, no more than 160 MiB, and can reach
 * nothing else. It codes one thing at a time; each start forgets what was before.
 *
 * `scripts/build_liblzma.sh` builds it. Libraries of npm would not do: xz-decompress and xzwasm have
 * neither an encoder nor the filters nor SHA-256, and offer nothing but an asynchronous stream;
 * @napi-rs/lzma bounds neither what comes out nor the dictionary that it writes, which the kernel
 * does, and decodes streams in threads.
 */
export class Liblzma {
  readonly #exports: Exports;

  private constructor() {
    module ??= new WebAssembly.Module(readFileSync(new URL("./liblzma.wasm", import.meta.url)));
    this.#exports = new WebAssembly.Instance(module).exports as unknown as Exports;
  }

  /** Runs a function with a coder that nothing else uses meanwhile; this thread keeps one. */
  static *lent<Item, Result, Next>(
    use: (coder: Liblzma) => Generator<Item, Result, Next>,
  ): Generator<Item, Result, Next> {
    const coder = idle ?? new Liblzma();
    idle = undefined;
    try {
      return yield* use(coder);
    } finally {
      if (coder.memorySize <= MOST_KEPT) idle = coder;
    }
  }

  /** How much memory it has, in bytes; it never becomes less. */
  get memorySize(): number {
    return this.#exports.memory.buffer.byteLength;
  }

  /**
   * Starts to undo filters, the last of which is LZMA2.
   *
   * @param flags their flags, one behind the other (xz-file-format.txt §3.1.5)
   * @throws {LzmaFault} they cannot be undone
   */
  startFilters(count: number, flags: Uint8Array): void {
    this.#give(flags);
    this.#check(this.#exports.start_filters(count, flags.length));
  }

  /**
   * Starts to decode LZMA that ends with a marker, or where the caller stops.
   *
   * @param properties the five bytes that begin an .lzma file
   * @throws {LzmaFault} they cannot be
   */
  startLzma(properties: Uint8Array): void {
    this.#give(properties);
    this.#check(this.#exports.start_lzma());
  }

  /** Starts to encode LZMA2, with a preset of xz (0–9) and a dictionary of so many bytes. */
  startEncoder(preset: number, dictionarySize: number): void {
    this.#check(this.#exports.start_encoder(preset, dictionarySize));
  }

  /**
   * Codes at most INPUT_SIZE bytes more, the last of all if the encoder is to `finish`.
   *
   * Yields what comes of them, in pieces that are valid until it is resumed; returns whether the
   * data have ended.
   *
   * @throws {LzmaFault} the data are damaged; what came before has been yielded
   */
  *code(input: Uint8Array, finish = false): Generator<Uint8Array, boolean> {
    this.#give(input);
    this.#exports.feed(input.length);
    while (true) {
      const status = this.#exports.code(finish ? 1 : 0);
      const length = this.#exports.produced();
      if (length > 0) {
        const start = this.#exports.output();
        yield this.#bytes().subarray(start, start + length);
      }
      if (status === STREAM_END) return true;
      if (status === STARVED) return false;
      this.#check(status);
      if (length < OUTPUT_SIZE && !finish) return false;
    }
  }

  #give(input: Uint8Array): void {
    this.#bytes().set(input, this.#exports.input());
  }

  /** All memory; growing puts it elsewhere. */
  #bytes(): Uint8Array {
    return new Uint8Array(this.#exports.memory.buffer);
  }

  #check(status: number): void {
    if (status !== OK) throw new LzmaFault(status);
  }
}
