import { DATA_STORED } from "../format/layout.ts";
import { NO_FRAGMENT, type StoredFile } from "./file_data.ts";
import type { StoredFragment } from "./fragments.ts";
import type { AppendingOutput } from "./output.ts";

/** Dead space is left alone up to this share of the data, and if it is less than a few blocks. */
const TOLERATED_SHARE = 0.03;
const TOLERATED_BYTES = 1 << 20;
const MOVE_SIZE = 4 << 20;

/** What is stored in the data area, and what of it is still wanted. */
export interface StoredData {
  /** Where the data area begins. */
  start: number;
  fragments: StoredFragment[];
  /** The files that are still in the tree. */
  files: Set<StoredFile>;
}

/** A piece of the data area that stays. */
interface Extent {
  position: number;
  length: number;
  move(position: number): void;
}

/**
 * Closes the gaps that overridden files left in the data area, if they are worth it: moves what is
 * wanted down, in place, and tells files and fragments where they are now. Yields where it can be
 * interrupted.
 *
 * @returns the fragments that are still wanted; files refer to these
 */
export function* compact(
  output: AppendingOutput,
  data: StoredData,
): Generator<void, StoredFragment[]> {
  const fragments = dropUnusedFragments(data);
  const extents = liveExtents(data.files, fragments);
  const live = extents.reduce((sum, { length }) => sum + length, 0);
  const dead = output.position - data.start - live;
  if (dead <= TOLERATED_BYTES || dead <= live * TOLERATED_SHARE) return fragments;
  let target = data.start;
  for (const extent of extents) {
    if (extent.position !== target) {
      yield* move(output, { from: extent.position, to: target, length: extent.length });
      extent.move(target);
    }
    target += extent.length;
  }
  output.position = target;
  return fragments;
}

/** Leaves out fragments no file refers to, and numbers the others anew. */
function dropUnusedFragments({ fragments, files }: StoredData): StoredFragment[] {
  const numbers = new Map<number, number>();
  for (const { fragment } of files) if (fragment !== NO_FRAGMENT) numbers.set(fragment, fragment);
  const kept = fragments.filter((_, number) => numbers.has(number));
  [...numbers.keys()].sort((a, b) => a - b).forEach((old, index) => numbers.set(old, index));
  for (const file of files) {
    if (file.fragment !== NO_FRAGMENT) file.fragment = numbers.get(file.fragment) ?? NO_FRAGMENT;
  }
  return kept;
}

function liveExtents(files: Set<StoredFile>, fragments: StoredFragment[]): Extent[] {
  const extents: Extent[] = [];
  for (const file of files) {
    if (file.storedLength === 0) continue;
    extents.push({
      position: file.start,
      length: file.storedLength,
      move: (position) => file.start = position,
    });
  }
  for (const fragment of fragments) {
    extents.push({
      position: fragment.position,
      length: fragment.size & (DATA_STORED - 1),
      move: (position) => fragment.position = position,
    });
  }
  return extents.sort((a, b) => a.position - b.position);
}

/** Moves bytes down; the places may overlap. */
function* move(
  { output }: AppendingOutput,
  { from, to, length }: { from: number; to: number; length: number },
): Generator<void> {
  const buffer = new Uint8Array(Math.min(MOVE_SIZE, length));
  for (let at = 0; at < length; at += buffer.length) {
    const piece = buffer.subarray(0, Math.min(buffer.length, length - at));
    output.read(piece, from + at);
    output.write(piece, to + at);
    yield;
  }
}
