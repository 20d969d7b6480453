import { type ByteString, textFromByteString } from "../../bytes/mod.ts";
import { EnrootError } from "../../diagnostics/mod.ts";
import { close, reasonOf } from "../../linux/mod.ts";
import { pathOfPlace, type TreePlace } from "./tree_place.ts";

/** A directory that is being filled, by several threads perhaps. */
export class OpenDirectory implements Disposable {
  readonly place: TreePlace;
  readonly fd: number;
  readonly #finish: (fd: number) => void;
  #holds = 1;
  #isOpen = true;

  /**
   * @param options.fd is closed with the directory
   * @param options.finish what is done to the directory when it has been filled
   */
  constructor(
    place: TreePlace,
    { fd, finish }: { fd: number; finish: (fd: number) => void },
  ) {
    this.place = place;
    this.fd = fd;
    this.#finish = finish;
  }

  /** Keeps the directory open for one more who is to put files into it. */
  hold(): void {
    this.#holds++;
  }

  /** With the last one, who made it included, the directory is finished and closed. */
  release(): void {
    if (--this.#holds > 0) return;
    try {
      this.#finish(this.fd);
    } catch (error) {
      throw cannotExtract(pathOfPlace(this.place), error);
    } finally {
      this[Symbol.dispose]();
    }
  }

  /** The path of a file in the directory, from the root. */
  pathOf(name: ByteString): ByteString {
    return pathOfPlace(this.place, name);
  }

  [Symbol.dispose](): void {
    if (this.#isOpen) close(this.fd);
    this.#isOpen = false;
  }
}

/** The error for a file, by its path from the root, that could not be made. */
export function cannotExtract(path: ByteString, cause: unknown): EnrootError {
  const reason = typeof cause === "string" ? cause : reasonOf(cause);
  return new EnrootError(`Cannot extract /${textFromByteString(path)}: ${reason}`, { cause });
}
