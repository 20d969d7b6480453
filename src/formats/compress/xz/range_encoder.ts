import { ADAPTATION } from "./lzma_model.ts";

const CARRY = 0x100000000;
/** Below this the range is too small for another bit. */
const MIN_RANGE = 0x1000000;

/** The range coder of LZMA, encoding direction, with its output. */
export class RangeEncoder {
  readonly #model: Uint16Array;
  readonly #output: Uint8Array;
  #length = 0;
  /** The low end of the range: 32 bits and a carry. */
  #low = 0;
  #range = 0xffffffff;
  /** The last byte, which a carry may still change, and how many bytes of 255 stand behind it. */
  #held = 0;
  #heldAfter = 0;

  /** Probabilities are looked up in the model; the output has room for `capacity` bytes. */
  constructor(model: Uint16Array, capacity: number) {
    this.#model = model;
    this.#output = new Uint8Array(capacity);
  }

  /** How many bytes there would be if this were the end. */
  get length(): number {
    return this.#length + this.#heldAfter + 5;
  }

  /** Starts a new output; what it was is not valid any more. */
  restart(): void {
    this.#length = 0;
    this.#low = 0;
    this.#range = 0xffffffff;
    this.#held = 0;
    this.#heldAfter = 0;
  }

  /** Ends the output and returns it. */
  finish(): Uint8Array {
    for (let count = 0; count < 5; count++) this.#shift();
    return this.#output.subarray(0, this.#length);
  }

  /** Encodes a bit by the probability at `index` of the model. */
  bit(index: number, bit: number): void {
    const probability = this.#model[index] ?? 0;
    const bound = Math.imul(this.#range >>> 11, probability) >>> 0;
    if (bit === 0) {
      this.#range = bound;
      this.#model[index] = probability + ((2048 - probability) >> ADAPTATION);
    } else {
      this.#low += bound;
      this.#range = (this.#range - bound) >>> 0;
      this.#model[index] = probability - (probability >> ADAPTATION);
    }
    if (this.#range < MIN_RANGE) this.#widen();
  }

  /** Encodes the bits below the highest one of a value, highest first, with a tree. */
  tree(index: number, marked: number): void {
    for (let shift = 30 - Math.clz32(marked); shift >= 0; shift--) {
      this.bit(index + (marked >>> (shift + 1)), marked >>> shift & 1);
    }
  }

  /** The same, lowest bit first. */
  reverseTree(index: number, marked: number): void {
    let node = 1;
    for (let rest = marked; rest > 1; rest >>>= 1) {
      this.bit(index + node, rest & 1);
      node = node << 1 | rest & 1;
    }
  }

  /** Encodes the lowest `count` bits of a value, highest first, at even chances. */
  direct(value: number, count: number): void {
    for (let shift = count - 1; shift >= 0; shift--) {
      this.#range >>>= 1;
      if ((value >>> shift & 1) === 1) this.#low += this.#range;
      if (this.#range < MIN_RANGE) this.#widen();
    }
  }

  #widen(): void {
    this.#range = this.#range << 8 >>> 0;
    this.#shift();
  }

  #shift(): void {
    if (this.#low < 0xff000000 || this.#low >= CARRY) {
      const carry = this.#low >= CARRY ? 1 : 0;
      this.#output[this.#length++] = this.#held + carry;
      for (; this.#heldAfter > 0; this.#heldAfter--) this.#output[this.#length++] = 0xff + carry;
      this.#held = this.#low >>> 24 & 0xff;
    } else {
      this.#heldAfter++;
    }
    this.#low = (this.#low & 0xffffff) * 256;
  }
}
