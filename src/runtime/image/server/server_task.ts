import { readSome, receiveDescriptor, sendDescriptor, writeMessage } from "../../../linux/mod.ts";
import { CLONES, type ServerTask } from "./server_arguments.ts";

/** Sends a server what it shall serve, over a socket. @throws {SyscallError} */
export function sendServerTask(socket: number, task: ServerTask): void {
  const { fuseFd, clones, imageFd, offset, owner: { uid, gid } } = task;
  for (const fd of [fuseFd, ...clones, imageFd]) sendDescriptor(socket, fd);
  writeMessage(socket, [offset, uid, gid].join(" "));
}

/**
 * Receives what to serve. The socket is where to report then.
 *
 * @returns null where the sender has ended before it had told all
 * @throws {SyscallError}
 */
export function receiveServerTask(socket: number): ServerTask | null {
  const descriptors: number[] = [];
  while (descriptors.length < 2 + CLONES) {
    const fd = receiveDescriptor(socket);
    if (fd === null) return null;
    descriptors.push(fd);
  }
  const numbers = readSome(socket);
  if (numbers === "") return null;
  const [fuseFd = -1, ...clones] = descriptors;
  const imageFd = clones.pop() ?? -1;
  const [offset = 0, uid = 0, gid = 0] = numbers.split(" ").map(Number);
  return { fuseFd, clones, imageFd, offset, owner: { uid, gid }, report: socket };
}
