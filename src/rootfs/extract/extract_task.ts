import type { ByteString } from "../../bytes/mod.ts";
import type { SquashfsFile, SquashfsInode } from "../../formats/squashfs/reader/mod.ts";
import { reasonOf } from "../../linux/mod.ts";
import { writeContent } from "./file_content.ts";
import {
  type FileAttributes,
  FileMaker,
  type FileMakerOptions,
  type Place,
} from "../shared/file_maker.ts";
import type { ImageFile } from "../shared/image_file.ts";
import { type Losses, noLosses } from "../shared/losses.ts";

/** A piece of an extraction. Plain data, which goes from thread to thread; so do descriptors. */
export type ExtractTask = FilesTask | PartTask;

/** Files to be made: anything but directories. */
export interface FilesTask {
  kind: "files";
  /** The directories where they go, as descriptors. */
  directories: readonly number[];
  /** How many of the files go to each of the directories. */
  counts: readonly number[];
  /** Their names, with slashes in between. */
  names: ByteString;
  /** Their inodes, by reference. */
  references: Float64Array;
}

/** A part of a large file that has been made already. */
export interface PartTask {
  kind: "part";
  fd: number;
  reference: number;
  /** Where the part begins and ends in the file, in bytes. */
  start: number;
  end: number;
}

/** What became of a task. Files are told by their index in it. */
export type ExtractResult =
  | {
    kind: "done";
    /** How many of the files are done with; the others were left for other workers. */
    count: number;
    /** Files that have more names than the one they were given. */
    linked: number[];
    /** Files that are to be made in parts. */
    large: number[];
    losses: Losses;
  }
  | { kind: "failed"; index: number; reason: string };

/** How far one worker goes at a time. */
export interface ExtractLimits {
  /** A file of more bytes is left to be made in parts. */
  fileSize: number;
  /** After so many bytes of the image the remaining files are left. */
  taskSize: number;
}

/** For a thread that does everything alone. */
export const NO_LIMITS: ExtractLimits = { fileSize: Infinity, taskSize: Infinity };

/** What carrying out tasks takes. */
export interface ExtractContext {
  image: ImageFile;
  making: FileMakerOptions;
  limits: ExtractLimits;
}

/** Carries out a task. Yields after every piece of work how many bytes of the image it was about. */
export function* carryOut(
  task: ExtractTask,
  context: ExtractContext,
): Generator<number, ExtractResult> {
  switch (task.kind) {
    case "files":
      return yield* makeFiles(task, context);
    case "part":
      return yield* writePart(task, context);
  }
}

function* makeFiles(
  { directories, counts, names, references }: FilesTask,
  { image, making, limits }: ExtractContext,
): Generator<number, ExtractResult> {
  const maker = new FileMaker(making);
  const linked: number[] = [];
  const large: number[] = [];
  const nameList = names.split("/");
  let index = 0;
  let bytes = 0;
  try {
    for (let group = 0, end = 0; group < directories.length; group++) {
      end += counts[group] ?? 0;
      for (; index < end && bytes < limits.taskSize; index++) {
        const inode = image.reader.readInode(references[index] ?? 0);
        if (inode.kind === "file" && inode.size > limits.fileSize) {
          large.push(index);
          continue;
        }
        const place = { directory: directories[group] ?? -1, name: nameList[index] ?? "" };
        let made = true;
        if (inode.kind === "file") {
          const attributes = attributesOf(inode, image);
          const write = (fd: number) => writeContent(image, fd, { inode });
          for (const piece of maker.makeFile(place, attributes, write)) {
            bytes += piece;
            yield piece;
          }
        } else made = makeOther(place, inode, maker);
        yield 0;
        if (made && inode.nlink > 1) linked.push(index);
      }
    }
  } catch (error) {
    return { kind: "failed", index, reason: reasonOf(error) };
  }
  return { kind: "done", count: index, linked, large, losses: maker.losses };
}

/** @returns false when the file is left out */
function makeOther(
  place: Place,
  inode: Exclude<SquashfsInode, SquashfsFile>,
  maker: FileMaker,
): boolean {
  switch (inode.kind) {
    case "symlink":
      maker.makeSymlink(place, inode);
      return true;
    case "fifo":
    case "socket":
      return maker.makeSpecial(place, inode);
    case "character":
    case "block":
      maker.losses.deviceNodes++;
      return false;
    case "directory":
      throw new Error("the image is corrupt: a directory that is said to be a file");
  }
}

function* writePart(
  { fd, reference, start, end }: PartTask,
  { image }: ExtractContext,
): Generator<number, ExtractResult> {
  try {
    const inode = image.reader.readInode(reference);
    if (inode.kind !== "file") throw new Error("the image changed");
    yield* writeContent(image, fd, { inode, start, end });
  } catch (error) {
    return { kind: "failed", index: 0, reason: reasonOf(error) };
  }
  return { kind: "done", count: 1, linked: [], large: [], losses: noLosses() };
}

/** What a file of an image has besides its contents. */
export function attributesOf(inode: SquashfsInode, { reader }: ImageFile): FileAttributes {
  return { mode: inode.mode, mtime: inode.mtime, xattrs: reader.xattrs(inode) };
}
