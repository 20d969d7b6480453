import { EnrootError } from "../../diagnostics/mod.ts";

/**
 * Checks that a file has data with an end to them: a regular file, a disk, or a pipe.
 *
 * @param options.often whether it is to be read more than once, as no pipe can be
 * @throws {EnrootError} when it has not, or there is no such file
 */
export function checkInputFile(path: string, { often }: { often: boolean }): void {
  const info = Deno.statSync(path);
  const what = info.isDirectory
    ? "Is a directory"
    : info.isCharDevice
    ? "Is a character device"
    : info.isSocket
    ? "Is a socket"
    : info.isFifo && often
    ? "Is a pipe"
    : null;
  if (what !== null) throw new EnrootError(`Cannot read ${path}: ${what}`);
}
