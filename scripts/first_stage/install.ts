import {
  E_ENTRY,
  type Executable,
  InvalidExecutable,
  PF_R,
  PF_X,
  PT_LOAD,
  PT_NOTE,
  readExecutable,
  type Segment,
} from "./executable.ts";
import { stageCode } from "./stage_code.ts";

/**
 * An executable of `deno compile` with a first stage of ours (`stage_code.ts`): a segment more, and
 * another entry.
 *
 * There is room for a segment in the table of them only where another one is given up: that of the
 * notes, by which tools find the build id (they still do by the section of that name). The stage
 * itself lies behind the ELF file, before the program's data, whose own format counts from the end.
 * Nothing else is changed: neither an address nor an offset of what was there.
 *
 * @throws {InvalidExecutable}
 */
export function withFirstStage(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const executable = readExecutable(bytes);
  const { architecture, entry, dataOffset } = executable;
  const offset = Math.ceil(dataOffset / 16) * 16;
  const header = sparedSegment(executable);
  // Pages of a file are mapped whole. More than the others ask for would cost randomness of addresses.
  const page = Math.max(...loaded(executable).map(({ align }) => align));
  const end = Math.max(...loaded(executable).map((each) => each.address + each.memorySize));
  const start = Math.ceil(end / page) * page + offset % page;
  const stage = stageCode(architecture, { start, entry });

  const result = new Uint8Array(offset + stage.length + bytes.length - dataOffset);
  result.set(bytes.subarray(0, dataOffset));
  result.set(stage, offset);
  result.set(bytes.subarray(dataOffset), offset + stage.length);

  const view = new DataView(result.buffer);
  view.setBigUint64(E_ENTRY, BigInt(start), true);
  view.setUint32(header, PT_LOAD, true);
  view.setUint32(header + 4, PF_R | PF_X, true);
  const size = stage.length;
  [offset, start, start, size, size, page].forEach((word, index) =>
    view.setBigUint64(header + 8 * (index + 1), BigInt(word), true)
  );
  return result;
}

/** Loaded segments are in the order of their addresses: only one behind them all can become the last. */
function sparedSegment({ segments }: Executable): number {
  const lastLoad = segments.findLastIndex(({ type }) => type === PT_LOAD);
  const note = segments.findIndex(({ type }, index) => type === PT_NOTE && index > lastLoad);
  const segment = segments[note];
  if (segment === undefined) throw new InvalidExecutable("it has no segment of notes to give up");
  return segment.header;
}

function loaded({ segments }: Executable): Segment[] {
  return segments.filter(({ type }) => type === PT_LOAD);
}
