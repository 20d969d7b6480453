import { O, openat } from "../../linux/mod.ts";
import { Descent } from "../shared/descent.ts";
import { rootPlace, type TreePlace } from "./tree_place.ts";

/**
 * Goes from directory to directory of a tree, by way of the one that both lie in: going to all of
 * them in the order of a walk takes as many steps as the walk did.
 */
export class TreeCursor implements Disposable {
  readonly #descent: Descent;
  #place: TreePlace | null = null;

  /** @param root the directory that the tree is in */
  constructor(root: number) {
    this.#descent = new Descent(openat(root, ".", { flags: O.RDONLY | O.DIRECTORY }), "");
  }

  /**
   * Goes to a directory.
   *
   * @returns its descriptor, which is good until the cursor goes on
   * @throws {SyscallError}
   */
  goTo(place: TreePlace): number {
    const down: TreePlace[] = [];
    let here = this.#place ?? rootOf(place);
    for (let at = place; at !== here;) {
      if (at.depth > here.depth) {
        down.push(at);
        at = at.parent ?? rootPlace();
      } else {
        this.#descent.leave();
        this.#place = here = here.parent ?? rootPlace();
      }
    }
    this.#place = here;
    for (let next = down.pop(); next !== undefined; next = down.pop()) {
      this.#descent.enter(next.name);
      this.#place = next;
    }
    return this.#descent.fd;
  }

  [Symbol.dispose](): void {
    this.#descent[Symbol.dispose]();
  }
}

function rootOf(place: TreePlace): TreePlace {
  let at = place;
  while (at.parent !== null) at = at.parent;
  return at;
}
