import { type OwnedFd, statusOf } from "../linux/mod.ts";

/**
 * Opens an open file once more, for reading and writing that holds up no thread; its position is its
 * own. The new one is the very same file, whatever has its name by now.
 *
 * @param path only needed where there is no /proc
 */
export async function streamFile(
  { fd }: OwnedFd,
  { path, write = false }: { path: string; write?: boolean },
): Promise<Deno.FsFile> {
  const options = { read: true, write };
  try {
    return await Deno.open(`/proc/self/fd/${fd}`, options);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  const file = await Deno.open(path, options);
  // As the file is still open, no other can have its number.
  const { dev, ino } = await file.stat();
  const { device, inode } = statusOf(fd);
  if (ino === Number(inode) && dev === deviceNumber(device)) return file;
  file.close();
  throw new Error("another file has its name now");
}

/** makedev(3). */
function deviceNumber({ major, minor }: { major: number; minor: number }): number {
  return (major & 0xfff) * 0x100 + (minor & 0xff) + (minor & ~0xff) * 0x1000;
}
