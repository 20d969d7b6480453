import type { ByteString } from "../../bytes/mod.ts";
import type { KeptAttributes, KeptSpecial, ScannedName, ScanSink } from "./scan_sink.ts";

/**
 * Calls of a {@link ScanSink}, in a form that is quick to send from thread to thread: few large
 * objects instead of several for each file.
 */
export interface ScanBatch {
  /** The calls: a number for the method, then those among its arguments. */
  numbers: Float64Array<ArrayBuffer>;
  /** The names, link targets and digests among the arguments, with a NUL behind each. */
  texts: ByteString;
  /** The extended attributes among the arguments. */
  xattrs: NonNullable<KeptAttributes["xattrs"]>[];
  /** Where the data of files is. */
  data: Uint8Array<ArrayBuffer>;
}

/** The methods of a sink. */
const CALL = {
  enter: 0,
  leave: 1,
  beginFile: 2,
  write: 3,
  writeHole: 4,
  endFile: 5,
  addSpecial: 6,
  addLink: 7,
} as const;

const KINDS: readonly KeptSpecial["kind"][] = ["symlink", "character", "block", "fifo", "socket"];
const NO_LINK = -1;
const NO_DIGEST = "";

/** Writes calls down, to be replayed elsewhere. */
export class ScanRecorder implements ScanSink {
  #numbers: number[] = [];
  #texts: ByteString[] = [];
  #xattrs: ScanBatch["xattrs"] = [];

  /** How many calls and arguments there are. */
  get length(): number {
    return this.#numbers.length;
  }

  /** Gives out the calls so far, whose data is in a buffer. */
  take(data: Uint8Array<ArrayBuffer>): ScanBatch {
    const texts = this.#texts.map((text) => `${text}\0`).join("");
    const batch = { numbers: Float64Array.from(this.#numbers), texts, xattrs: this.#xattrs, data };
    this.#numbers = [];
    this.#texts = [];
    this.#xattrs = [];
    return batch;
  }

  enter(name: ByteString, directory: KeptAttributes): void {
    this.#numbers.push(CALL.enter);
    this.#texts.push(name);
    this.#attributes(directory);
  }

  leave(): void {
    this.#numbers.push(CALL.leave);
  }

  beginFile(size: number): void {
    this.#numbers.push(CALL.beginFile, size);
  }

  write(chunk: Uint8Array): void {
    this.#numbers.push(CALL.write, chunk.byteOffset, chunk.length);
  }

  writeHole(length: number): void {
    this.#numbers.push(CALL.writeHole, length);
  }

  endFile({ name, link }: ScannedName, file: KeptAttributes, digest = NO_DIGEST): void {
    this.#numbers.push(CALL.endFile, link ?? NO_LINK);
    this.#texts.push(name, digest);
    this.#attributes(file);
  }

  addSpecial({ name, link }: ScannedName, file: KeptSpecial): void {
    this.#numbers.push(CALL.addSpecial, link ?? NO_LINK, KINDS.indexOf(file.kind));
    this.#texts.push(name);
    this.#attributes(file);
    if (file.kind === "symlink") this.#texts.push(file.target);
    else if (file.kind === "character" || file.kind === "block") {
      this.#numbers.push(file.major, file.minor);
    }
  }

  addLink(name: ByteString, link: number): void {
    this.#numbers.push(CALL.addLink, link);
    this.#texts.push(name);
  }

  #attributes({ mode, mtime, xattrs }: KeptAttributes): void {
    this.#numbers.push(mode, mtime, xattrs === null ? 0 : 1);
    if (xattrs !== null) this.#xattrs.push(xattrs);
  }
}

/** Makes the calls of a batch. */
export function replayScan(batch: ScanBatch, sink: ScanSink): void {
  const calls = new ArgumentReader(batch);
  while (calls.hasMore) {
    const call = calls.number();
    switch (call) {
      case CALL.enter:
        sink.enter(calls.text(), calls.attributes());
        break;
      case CALL.leave:
        sink.leave();
        break;
      case CALL.beginFile:
        sink.beginFile(calls.number());
        break;
      case CALL.write:
        sink.write(calls.data());
        break;
      case CALL.writeHole:
        sink.writeHole(calls.number());
        break;
      case CALL.endFile: {
        const name = calls.name();
        const digest = calls.digest();
        sink.endFile(name, calls.attributes(), digest);
        break;
      }
      case CALL.addSpecial:
        sink.addSpecial(calls.name(), calls.special());
        break;
      case CALL.addLink: {
        const link = calls.number();
        sink.addLink(calls.text(), link);
        break;
      }
      default:
        throw new Error(`no method ${call} of a scan sink`);
    }
  }
}

/** Reads arguments in the order in which they were written down. */
class ArgumentReader {
  readonly #batch: ScanBatch;
  #number = 0;
  #text = 0;
  #xattrs = 0;

  constructor(batch: ScanBatch) {
    this.#batch = batch;
  }

  get hasMore(): boolean {
    return this.#number < this.#batch.numbers.length;
  }

  number(): number {
    return this.#batch.numbers[this.#number++] ?? NaN;
  }

  text(): ByteString {
    const { texts } = this.#batch;
    const end = texts.indexOf("\0", this.#text);
    const text = texts.slice(this.#text, end);
    this.#text = end + 1;
    return text;
  }

  data(): Uint8Array {
    const start = this.number();
    return this.#batch.data.subarray(start, start + this.number());
  }

  name(): ScannedName {
    const link = this.number();
    return { name: this.text(), link: link === NO_LINK ? null : link };
  }

  digest(): string | undefined {
    const digest = this.text();
    return digest === NO_DIGEST ? undefined : digest;
  }

  attributes(): KeptAttributes {
    const mode = this.number();
    const mtime = this.number();
    const xattrs = this.number() === 0 ? null : this.#batch.xattrs[this.#xattrs++] ?? null;
    return { mode, mtime, xattrs };
  }

  special(): KeptSpecial {
    const kind = KINDS[this.number()];
    const attributes = this.attributes();
    switch (kind) {
      case "symlink":
        return { kind, ...attributes, target: this.text() };
      case "character":
      case "block":
        return { kind, ...attributes, major: this.number(), minor: this.number() };
      case "fifo":
      case "socket":
        return { kind, ...attributes };
      default:
        throw new Error("no such kind of file");
    }
  }
}
