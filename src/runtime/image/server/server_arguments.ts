import type { Settled } from "../../../formats/fuse/mod.ts";
import type { Owner } from "./served_image.ts";

/** What an image server is told when it is executed. */
export interface ServerTask {
  /** The device of a mounted connection. */
  fuseFd: number;
  /** The device again, opened where the connection was (FUSE_DEV_IOC_CLONE): CLONES times. */
  clones: readonly number[];
  /** The open image file. */
  imageFd: number;
  /** Where in the file the image begins, in bytes. */
  offset: number;
  /** The owner that all files appear to have. */
  owner: Owner;
  /**
   * The end of a socket for the process that waits until the image is served: it is closed then, or
   * told why not. Absent where none waits.
   */
  report?: number;
  /** The server that the mount is taken over from, if there was one. Then no process waits. */
  handover?: Handover;
}

/** What a server has to know of the interim one that it takes over from, which is its child. */
export interface Handover {
  /** The end of a pipe, to be told READY as soon as requests are read here. */
  ready: number;
  /** What was settled with the kernel. */
  settled: Settled;
}

/** What a server says once it reads requests. */
export const READY = "+";

/**
 * How often a server needs the device besides: for each thread but the first. Four threads keep up
 * with a fast disk, and each takes memory.
 */
export const CLONES = 3;

/** A task, all but the report, as arguments of the program. */
export function serverArguments(task: ServerTask): number[] {
  const { fuseFd, clones, imageFd, offset, owner, handover } = task;
  const numbers = [fuseFd, ...clones, imageFd, offset, owner.uid, owner.gid];
  if (handover === undefined) return numbers;
  const { ready, settled: { zeroMessageOpen, zeroMessageOpendir } } = handover;
  return [...numbers, ready, ...[zeroMessageOpen, zeroMessageOpendir].map(Number)];
}

/** The task that arguments tell of. */
export function parseServerArguments(args: readonly string[]): ServerTask {
  const [fuseFd = -1, ...numbers] = args.map(Number);
  const clones = numbers.splice(0, CLONES);
  const [imageFd = -1, offset = 0, uid = 0, gid = 0, ...rest] = numbers;
  const task = { fuseFd, clones, imageFd, offset, owner: { uid, gid } };
  const [pipe, ...flags] = rest;
  if (pipe === undefined) return task;
  const isSet = (index: number) => flags[index] === 1;
  const settled = {
    zeroMessageOpen: isSet(0),
    zeroMessageOpendir: isSet(1),
  };
  return { ...task, handover: { ready: pipe, settled } };
}
