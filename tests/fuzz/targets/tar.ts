import { assert, assertEquals } from "@std/assert";
import { byteString } from "../../../src/bytes/mod.ts";
import { createTarReader, TarError, type TarHandler } from "../../../src/formats/tar/mod.ts";
import { isTarHeader, repairTar, TAR_WORDS, tarSeeds } from "../tar_seeds.ts";
import type { FuzzTarget } from "../target.ts";

/** Longest archive of which every byte is compared: the comparison itself takes memory. */
const PIECE = 1000;

/** The reader of tar archives. However the bytes arrive in pieces, it must say the same. */
export const tarTarget: FuzzTarget = {
  name: "tar",
  weight: 20,
  open: (directory) => ({
    seeds: tarSeeds(directory).map((bytes) => ({ bytes, focus: headersOf(bytes) })),
    dictionary: TAR_WORDS,
    repair: repairTar,
    run(input) {
      const whole = read(input, input.length);
      const pieces = read(input, PIECE);
      assertEquals(pieces.events, whole.events);
      assertEquals(String(pieces.error), String(whole.error));
      if (whole.error !== null) throw whole.error;
    },
    isRefusal: (error) => error instanceof TarError,
  }),
};

function headersOf(archive: Uint8Array): [number, number][] {
  const headers: [number, number][] = [];
  for (let at = 0; at + 512 <= archive.length; at += 512) {
    if (isTarHeader(archive.subarray(at, at + 512))) headers.push([at, at + 512]);
  }
  return headers;
}

/** Reads an archive. @returns what the reader told about it before it refused it, if it did */
function read(archive: Uint8Array, pieceLength: number): { events: string[]; error: unknown } {
  const recorder = new Recorder();
  const reader = createTarReader(recorder);
  try {
    for (let at = 0; at < archive.length; at += pieceLength) {
      reader.push(archive.subarray(at, at + pieceLength));
    }
    reader.end();
    assert(!recorder.inMember, "the last member was not ended");
    return { events: recorder.events, error: null };
  } catch (error) {
    return { events: recorder.events, error };
  }
}

/** Writes down what a reader tells, data that comes in pieces as one. */
class Recorder implements TarHandler {
  readonly events: string[] = [];
  inMember = false;
  #size = 0;
  #missing = 0;
  #sum = 0;

  entry(entry: Parameters<TarHandler["entry"]>[0]): void {
    assert(!this.inMember, "a member in a member");
    this.inMember = true;
    this.#size = entry.kind === "file" ? entry.size : 0;
    this.#missing = this.#size;
    this.#sum = 0;
    assert(Number.isSafeInteger(this.#size) && this.#size >= 0, "impossible size");
    assert(entry.path !== "" && Number.isInteger(entry.mode) && entry.mode <= 0o7777);
    assert(Number.isFinite(entry.mtime), "impossible time");
    const xattrs = [...entry.xattrs ?? []].map(([name, value]) => `${name}=${byteString(value)}`);
    this.events.push(JSON.stringify({ ...entry, xattrs }));
  }

  data(chunk: Uint8Array): void {
    this.#missing -= chunk.length;
    for (const byte of chunk) this.#sum = Math.imul(this.#sum ^ byte, 0x01000193);
  }

  hole(length: number): void {
    assert(length > 0, "empty hole");
    this.#missing -= length;
    this.#sum = Math.imul(this.#sum ^ length, 0x01000193);
  }

  endEntry(): void {
    assert(this.inMember, "the end of no member");
    assertEquals(this.#missing, 0, "another number of bytes than the size");
    this.inMember = false;
    this.events.push(`${this.#sum}`);
  }
}
