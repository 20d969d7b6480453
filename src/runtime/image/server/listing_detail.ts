/** So many directories are told in full before it is tried whether readers want that. */
const FIRST_SPELL = 4;
/** By how much the spell grows each time a reader did. */
const GROWTH = 4;
const LONGEST_SPELL = 4096;
/** Directories listed by name alone that are remembered. */
const REMEMBERED = 16;

/**
 * Decides whether to tell of the files in a directory more than their names.
 *
 * A program that lists a directory mostly looks at every file in it next, and each that was not told
 * of costs a request; but a plain `find` wants names, and to tell of every file costs it three times
 * as much. The kernel cannot know either. So now and then a directory is listed by name alone: when files in
 * it are looked up, the next ones are told in full, for longer and longer; until then, none is.
 */
export class ListingDetail {
  #left = FIRST_SPELL;
  #spell = FIRST_SPELL;
  readonly #byName: number[] = [];

  /** Whether to tell in full of the next directory, which is that at `reference`. */
  next(reference: number): boolean {
    if (this.#left > 0) {
      this.#left--;
      return true;
    }
    if (this.#byName.length === REMEMBERED) this.#byName.shift();
    this.#byName.push(reference);
    return false;
  }

  /** Notes that a file in the directory at `reference` has been looked up. */
  lookedUp(reference: number): void {
    if (this.#left > 0 || !this.#byName.includes(reference)) return;
    this.#spell = Math.min(this.#spell * GROWTH, LONGEST_SPELL);
    this.#left = this.#spell;
  }
}
