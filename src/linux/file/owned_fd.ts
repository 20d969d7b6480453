import { close } from "./files.ts";

/** A file descriptor that is closed when its owner's block ends: `using file = ownedFd(…)`. */
export interface OwnedFd extends Disposable {
  readonly fd: number;
  /** Gives the descriptor up: it stays open, and is the caller's to close. */
  release(): number;
}

/** Takes charge of an open descriptor. */
export function ownedFd(fd: number): OwnedFd {
  let owned = true;
  return {
    fd,
    release() {
      owned = false;
      return fd;
    },
    [Symbol.dispose]() {
      if (owned) close(fd);
      owned = false;
    },
  };
}
