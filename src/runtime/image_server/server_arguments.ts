import type { ZeroMessage } from "./image_service.ts";
import type { Owner } from "./served_image.ts";

/** What an image server is told when it is executed. */
export interface ServerTask {
  /** The device of a mounted connection. */
  fuseFd: number;
  /** The open image file. */
  imageFd: number;
  /** Where in the file the image begins, in bytes. */
  offset: number;
  /** Whom all files appear to belong to. */
  owner: Owner;
  /** From whom the mount is taken over, if anybody served it before. */
  handover?: Handover;
}

/** What a server has to know of the interim one that it takes over from, which is its child. */
export interface Handover {
  /** The end of a pipe, to be closed as soon as requests are read here. */
  ready: number;
  /** What was settled with the kernel. */
  zeroMessage: ZeroMessage;
}

/** A task as arguments of the program. */
export function serverArguments(task: ServerTask): number[] {
  const { fuseFd, imageFd, offset, owner, handover } = task;
  const numbers = [fuseFd, imageFd, offset, owner.uid, owner.gid];
  if (handover === undefined) return numbers;
  const { ready, zeroMessage } = handover;
  return [...numbers, ready, Number(zeroMessage.open), Number(zeroMessage.opendir)];
}

/** The task that arguments tell of. */
export function parseServerArguments(args: readonly string[]): ServerTask {
  const [fuseFd = -1, imageFd = -1, offset = 0, uid = 0, gid = 0, ...rest] = args.map(Number);
  const task = { fuseFd, imageFd, offset, owner: { uid, gid } };
  const [ready, open, opendir] = rest;
  if (ready === undefined) return task;
  const zeroMessage = { open: open === 1, opendir: opendir === 1 };
  return { ...task, handover: { ready, zeroMessage } };
}
