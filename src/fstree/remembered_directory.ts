import type { ByteString } from "../bytes/mod.ts";
import type { Resolved } from "./resolve.ts";

/**
 * The directory that was found last, with the path that led to it: files of one directory come one
 * after the other, and the way there can be long.
 */
export class RememberedDirectory<Content> {
  #path: readonly ByteString[] = [];
  #resolved: Resolved<Content> | null = null;

  /** The directory of a path; null if it is not the one that was found last. */
  find(path: readonly ByteString[]): Resolved<Content> | null {
    if (this.#resolved === null || path.length !== this.#path.length) return null;
    // From the end: there paths differ.
    for (let index = path.length - 1; index >= 0; index--) {
      if (path[index] !== this.#path[index]) return null;
    }
    return this.#resolved;
  }

  remember(path: readonly ByteString[], resolved: Resolved<Content>): void {
    this.#path = path;
    this.#resolved = resolved;
  }

  /** To be called when a directory or a symbolic link is gone: it may have been on the way. */
  forget(): void {
    this.#resolved = null;
  }
}
