import { TreeError } from "./tree_error.ts";

/** Names that links may bring to each path that is followed, on average, and to all of them. */
const NAMES_PER_PATH = 64;
const MORE_NAMES = 1 << 20;

/**
 * Counts the names that symbolic links bring to paths. Linux follows 40 links of 2,048 names each for
 * one path: a small archive could have that done for each of its members.
 */
export class FollowedNames {
  #left = MORE_NAMES;

  /** Whether there have been too many. */
  get areSpent(): boolean {
    return this.#left < 0;
  }

  /** Allows for one more path. */
  addPath(): void {
    this.#left += NAMES_PER_PATH;
  }

  /** Takes the names of a link. @throws {TreeError} too many */
  take(names: number): void {
    this.#left -= names;
    if (this.areSpent) throw new TreeError("too many symbolic links to follow");
  }
}
