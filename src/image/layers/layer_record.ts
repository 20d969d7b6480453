import type { ByteString } from "../../bytes/mod.ts";
import type { Inode } from "../../fstree/mod.ts";
import type { LayerTarget } from "./layer_target.ts";

type Change<Content> =
  /** Names from the root with slashes in between: a list of them takes several times as much. */
  & { path: ByteString }
  & (
    | { kind: "add"; inode: Inode<Content> }
    | { kind: "link"; target: ByteString }
    | { kind: "hide" | "hideChildren" }
  );

/** What a layer asks for, written down until the layers below it are there. */
export class LayerRecord<Content> implements LayerTarget<Content> {
  readonly #changes: Change<Content>[] = [];
  #path: ByteString = "";

  add(names: ByteString[], inode: Inode<Content>): void {
    this.#changes.push({ kind: "add", path: names.join("/"), inode });
  }

  link(names: ByteString[], target: ByteString): void {
    this.#changes.push({ kind: "link", path: names.join("/"), target });
  }

  hide(names: ByteString[]): void {
    this.#changes.push({ kind: "hide", path: names.join("/") });
  }

  hideChildren(names: ByteString[]): void {
    this.#changes.push({ kind: "hideChildren", path: names.join("/") });
  }

  /** The path of the change at hand. */
  get path(): ByteString {
    return this.#path || ".";
  }

  /**
   * Asks another for everything. Yields after each change. Throws what that throws; {@link path}
   * then says where.
   */
  *replay(target: LayerTarget<Content>): Generator<void, void> {
    for (const change of this.#changes) {
      this.#path = change.path;
      const names = change.path === "" ? [] : change.path.split("/");
      switch (change.kind) {
        case "add":
          target.add(names, change.inode);
          break;
        case "link":
          target.link(names, change.target);
          break;
        case "hide":
          target.hide(names);
          break;
        case "hideChildren":
          target.hideChildren(names);
          break;
      }
      yield;
    }
  }
}
