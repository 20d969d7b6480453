import { CODE_AARCH64 } from "./listing_aarch64.ts";
import { CODE_X86_64 } from "./listing_x86_64.ts";

/**
 * A few hundred bytes of machine code that run before the runtime's own first instruction, between
 * the dynamic loader and `_start`. The runtime has needs which it states by dying, or does not state
 * at all:
 *
 * - limits (setrlimit(2)): the soft one is raised to the hard one where it is low; where that is not
 *   enough either, a line says so and the program ends with code 1;
 * - `/proc`, and there the path of the executable, which has to be readable and UTF-8: a line tells;
 * - a working directory that has a name: one that was deleted is kept open, and left for `/`;
 * - arguments that are UTF-8.
 *
 * Where something is to be told, the program gets one argument in the place of all: the marker, which
 * `src/linux/first_stage.ts` reads and undoes. The arguments themselves stay where the kernel put
 * them, and `/proc/self/cmdline` shows them. Otherwise the program finds everything as it was.
 *
 * Behind the code lie its parameters, in words of 8 bytes: the distance from here to the original
 * entry; for each limit its number, how much is enough, how much is the least, and the message
 * (distance and length); at last, in records of the same form, the messages for a missing `/proc` and
 * for an executable that cannot be read.
 */
export type StageArchitecture = "x86_64" | "aarch64";

/** What a limit must be for the runtime, in bytes. */
interface Need {
  /** The number of asm-generic/resource.h. */
  resource: number;
  /** A soft limit below this is raised. */
  enough: number;
  /** With less, the runtime dies before our first line, if only sometimes. */
  least: number;
  /** How bash calls it, which counts in units of 1024 bytes. */
  option: string;
  what: string;
  remedy: string;
}

const MIB = 2 ** 20, GIB = 2 ** 30;

/**
 * Measured for `version` on two processors: 48.4 GiB of address space (a cage of 16 GiB that is looked
 * for in 48; with 32.4 it is found in 15 of 16 runs), 543 MiB of data, 130 KiB of stack. A thread for
 * each processor, up to 16, takes 136 MiB of address space, and each worker 512 MiB of it and of data.
 */
const NEEDS: readonly Need[] = [
  {
    resource: 9,
    enough: 128 * GIB,
    least: 50 * GIB,
    option: "-v",
    what: "address space",
    remedy: "; in Slurm, set VSizeFactor=0",
  },
  {
    resource: 2,
    enough: 64 * GIB,
    least: 640 * MIB,
    option: "-d",
    what: "room for data",
    remedy: "",
  },
  { resource: 3, enough: 4 * MIB, least: MIB / 4, option: "-s", what: "stack", remedy: "" },
];

const CODE: Readonly<Record<StageArchitecture, string>> = {
  x86_64: CODE_X86_64,
  aarch64: CODE_AARCH64,
};

/**
 * The stage as it is put into an executable: code, parameters, messages.
 *
 * @param addresses where the stage begins, and the original entry, in the executable's own terms
 */
export function stageCode(
  architecture: StageArchitecture,
  { start, entry }: { start: number; entry: number },
): Uint8Array {
  const code = Uint8Array.fromHex(CODE[architecture]);
  const texts = [
    ...NEEDS.map(messageOf),
    "[ERROR] Cannot find this program: /proc is not mounted\n",
    "[ERROR] Cannot read this program: its file must be where it was, readable, and its path UTF-8\n",
  ].map((text) => new TextEncoder().encode(text));
  const words: number[] = [entry - start - code.length];
  let at = 8 * (1 + 5 * texts.length);
  texts.forEach((text, index) => {
    const { resource = 0, enough = 0, least = 0 } = NEEDS[index] ?? {};
    words.push(resource, enough, least, at, text.length);
    at += text.length;
  });
  const stage = new Uint8Array(code.length + at);
  stage.set(code);
  const view = new DataView(stage.buffer, code.length);
  words.forEach((word, index) => view.setBigInt64(8 * index, BigInt(word), true));
  let place = code.length + 8 * words.length;
  for (const text of texts) {
    stage.set(text, place);
    place += text.length;
  }
  return stage;
}

function messageOf({ what, option, least, remedy }: Need): string {
  return `[ERROR] Not enough ${what}: the hard limit (ulimit -H ${option}) must be ` +
    `${least / 1024} KiB or more, best unlimited${remedy}\n`;
}
