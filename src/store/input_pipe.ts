import { byteStringFromText } from "../bytes/mod.ts";
import { AT, hasMessage, O, openat, ownedFd } from "../linux/mod.ts";
import { streamFile } from "./stream_file.ts";

/** How often to look for a writer, in milliseconds. */
const INTERVAL = 50;

/**
 * Opens a named pipe for reading when it has a writer, or has had one since. Opening it right away
 * would hold up the whole program, its signals included, until there is one (fifo(7)).
 *
 * @throws {SyscallError} it cannot be opened
 */
export async function openInputPipe(path: string): Promise<Deno.FsFile> {
  const name = byteStringFromText(path);
  using reader = ownedFd(openat(AT.FDCWD, name, { flags: O.RDONLY | O.NONBLOCK }));
  while (!hasMessage(reader.fd)) await new Promise((resolve) => setTimeout(resolve, INTERVAL));
  // The writer may be done already, and what it wrote still be there: this one stands for it.
  using _writer = ownedFd(openat(AT.FDCWD, name, { flags: O.WRONLY | O.NONBLOCK }));
  return await streamFile(reader, { path });
}
