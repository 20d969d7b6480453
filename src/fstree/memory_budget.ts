import { TreeError } from "./tree_error.ts";

/** Memory that is set aside for what is kept of a tree: an image can ask for any amount of it. */
export class MemoryBudget {
  #left: number;

  /** @param bytes how much there is */
  constructor(bytes: number) {
    this.#left = bytes;
  }

  /** Takes so many bytes. @throws {TreeError} when there are not as many left */
  take(bytes: number): void {
    this.#left -= bytes;
    if (this.#left < 0) throw new TreeError("too many files for the memory that there is");
  }
}
