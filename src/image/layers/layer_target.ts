import { type ByteString, textFromByteString } from "../../bytes/mod.ts";
import { type Directory, type Inode, splitPath, TreeError, TreeLayer } from "../../fstree/mod.ts";
import { type Budget, chargeTree, DIRECTORY_BYTES } from "./budget.ts";

/** What the archive of a layer can ask for. Paths are names from the root, targets as they stand. */
export interface LayerTarget<Content> {
  add(names: ByteString[], inode: Inode<Content>): void;
  link(names: ByteString[], target: ByteString): void;
  hide(names: ByteString[]): void;
  hideChildren(names: ByteString[]): void;
}

/** Lays a layer over a tree (see TreeLayer), which has a budget. Throws {@link TreeError}. */
export class BudgetedLayer<Content> implements LayerTarget<Content> {
  readonly #layer: TreeLayer<Content>;
  readonly #budget: Budget;

  constructor(root: Directory<Content>, budget: Budget) {
    this.#layer = new TreeLayer(root);
    this.#budget = budget;
  }

  add(names: ByteString[], inode: Inode<Content>): void {
    this.#chargeMade(this.#layer.add(names, inode));
  }

  link(names: ByteString[], target: ByteString): void {
    try {
      this.#chargeMade(this.#layer.link(names, splitPath(target)));
    } catch (cause) {
      if (!(cause instanceof TreeError)) throw cause;
      throw new TreeError(`cannot link to ${textFromByteString(target)}: ${cause.message}`, {
        cause,
      });
    }
  }

  hide(names: ByteString[]): void {
    this.#layer.hide(names);
  }

  hideChildren(names: ByteString[]): void {
    this.#layer.hideChildren(names);
  }

  #chargeMade(directories: number): void {
    chargeTree(this.#budget, directories * DIRECTORY_BYTES);
  }
}
