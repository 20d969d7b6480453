import { type ByteString, textFromByteString } from "../../../bytes/mod.ts";
import { EnrootError } from "../../../diagnostics/mod.ts";
import type { Directory, Inode } from "../../../fstree/mod.ts";
import type { FileData } from "./file_data.ts";

/** Longest name in a Linux file system (NAME_MAX); squashfs could hold one byte more. */
const MAX_NAME_LENGTH = 255;

/** Names looked at between two interruptions: a fraction of a millisecond's work. */
export const NAMES_PER_STEP = 1024;

/** A directory of a tree that is to be written. */
export interface PlannedDirectory {
  directory: Directory<FileData>;
  name: ByteString;
  parent: PlannedDirectory | null;
  /** The directory's inode number. */
  number: number;
  /** Its names in byte order, with the inode number of each. */
  names: ByteString[];
  numbers: Uint32Array;
  /** The directories among them, in the same order. */
  subdirectories: PlannedDirectory[];
}

/** In which order a tree is written. */
export interface TreePlan {
  /** Every directory behind those below it; the root is the last. */
  directories: PlannedDirectory[];
  /** Inodes are numbered from 1 up to this, those of one directory in a row; the root is 1. */
  inodeCount: number;
  /** How many names each inode but a directory has, by number. */
  links: Uint32Array;
}

/**
 * Numbers the inodes of a tree and puts its directories in order. Yields where it can be interrupted.
 *
 * @throws {EnrootError} a name that squashfs cannot hold
 */
export function* planTree(root: Directory<FileData>): Generator<void, TreePlan> {
  const numbers = new Map<Inode<FileData>, number>([[root, 1]]);
  const links: number[] = [0, 1];
  const directories: PlannedDirectory[] = [];

  const plan = function* (
    directory: Directory<FileData>,
    { name, parent, number }: { name: ByteString; parent: PlannedDirectory | null; number: number },
  ): Generator<void, PlannedDirectory> {
    const names = [...directory.children.keys()].sort();
    const planned: PlannedDirectory = {
      directory,
      name,
      parent,
      number,
      names,
      numbers: new Uint32Array(names.length),
      subdirectories: [],
    };
    for (const [index, childName] of names.entries()) {
      if (index % NAMES_PER_STEP === 0) yield;
      const child = childOf(directory, childName);
      const known = numbers.get(child);
      if (known === undefined) {
        checkName(planned, childName);
        numbers.set(child, links.length);
        planned.numbers[index] = links.length;
        links.push(1);
      } else if (child.kind === "directory") {
        throw new Error(`directory twice in the tree: ${pathOf(planned, childName)}`);
      } else {
        checkName(planned, childName);
        planned.numbers[index] = known;
        links[known] = (links[known] ?? 0) + 1;
      }
    }
    return planned;
  };

  // Walks with a stack of its own: nothing bounds the depth of a tree.
  const stack = [{ planned: yield* plan(root, { name: "", parent: null, number: 1 }), next: 0 }];
  for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
    const { planned, next } = top;
    const name = planned.names[next];
    top.next++;
    if (name === undefined) {
      directories.push(planned);
      stack.pop();
      continue;
    }
    const child = childOf(planned.directory, name);
    if (child.kind !== "directory") continue;
    const number = planned.numbers[next] ?? 0;
    const subdirectory = yield* plan(child, { name, parent: planned, number });
    planned.subdirectories.push(subdirectory);
    stack.push({ planned: subdirectory, next: 0 });
  }
  return { directories, inodeCount: links.length - 1, links: Uint32Array.from(links) };
}

/** The child a planned name stands for. */
export function childOf(directory: Directory<FileData>, name: ByteString): Inode<FileData> {
  const child = directory.children.get(name);
  if (child === undefined) throw new Error(`tree changed while it was written: ${name}`);
  return child;
}

/** The path of a child as text, for messages. */
export function pathOf(directory: PlannedDirectory, name: ByteString): string {
  let path = name;
  for (let at: PlannedDirectory | null = directory; at !== null; at = at.parent) {
    path = `${at.name}/${path}`;
  }
  return textFromByteString(path);
}

function checkName(directory: PlannedDirectory, name: ByteString): void {
  const length = name.length;
  if (length === 0 || length > MAX_NAME_LENGTH || name === "." || name === "..") {
    throw unnameable(directory, name);
  }
  for (let index = 0; index < length; index++) {
    const code = name.charCodeAt(index);
    if (code === 0 || code === 0x2f || code > 0xff) throw unnameable(directory, name);
  }
}

function unnameable(directory: PlannedDirectory, name: ByteString): EnrootError {
  return new EnrootError(
    `Cannot write ${
      JSON.stringify(pathOf(directory, name))
    } to the squashfs image: impossible file name`,
  );
}
