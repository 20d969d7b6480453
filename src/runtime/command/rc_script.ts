import { bytesOf, type ByteString, textFromByteString } from "../../bytes/mod.ts";
import { EnrootError } from "../../diagnostics/mod.ts";
import {
  anonymousFile,
  AT,
  inheritOnExec,
  isSyscallError,
  O,
  openat,
  pwrite,
  SyscallError,
} from "../../linux/mod.ts";

/** The script that a container's command is passed to. */
export type RcScript =
  /** The image's own, `/etc/rc`, if it has one. */
  | { readonly kind: "image" }
  /** None at all: the command is run as it is. */
  | { readonly kind: "none" }
  /** One from outside, by a path that the container's shell can open. */
  | { readonly kind: "given"; readonly path: ByteString };

/**
 * Opens a script of the host so that the container's shell can read it, wherever the root is by
 * then. `/dev/null` stands for no script at all, null for the image's own.
 *
 * @throws {EnrootError}
 */
export function openRcFile(path: ByteString | null): RcScript {
  if (path === null) return { kind: "image" };
  if (path === "/dev/null") return { kind: "none" };
  try {
    const fd = openat(AT.FDCWD, path, { flags: O.RDONLY });
    inheritOnExec(fd);
    return { kind: "given", path: `/proc/self/fd/${fd}` };
  } catch (error) {
    const shown = textFromByteString(path);
    if (isSyscallError(error, "ENOENT")) {
      throw new EnrootError(`No such file or directory: ${shown}`, { cause: error });
    }
    if (!(error instanceof SyscallError)) throw error;
    throw new EnrootError(`Cannot open ${shown}: ${error.reason}`, { cause: error });
  }
}

/** A script that lives in memory, and only as long as the container's shell reads it. */
export function inheritedScript(text: ByteString): RcScript {
  const fd = anonymousFile("rc", { inherit: true });
  pwrite(fd, bytesOf(text), { offset: 0 });
  return { kind: "given", path: `/proc/self/fd/${fd}` };
}
