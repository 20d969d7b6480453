import { type ByteString, byteStringFromText } from "../../bytes/mod.ts";
import { AT, fileIdentity, readlinkat, statusAt, SyscallError } from "../../linux/mod.ts";

const LINK = "/proc/self/cwd";

/**
 * The path of the working directory, which need not be text. One that was deleted has none: it is
 * named by its link in procfs, under which nothing is found.
 */
export function workingDirectory(): ByteString {
  try {
    return byteStringFromText(Deno.cwd());
  } catch {
    // What the kernel says of a deleted one, "… (deleted)", may be the path of another by now.
    const path = readlinkat(AT.FDCWD, LINK);
    return isWorkingDirectory(path) ? path : LINK;
  }
}

function isWorkingDirectory(path: ByteString): boolean {
  try {
    return fileIdentity(statusAt(AT.FDCWD, path)) === fileIdentity(statusAt(AT.FDCWD, "."));
  } catch (error) {
    if (!(error instanceof SyscallError)) throw error;
    return false;
  }
}
