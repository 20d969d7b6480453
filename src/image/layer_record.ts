import type { ByteString } from "../bytes/mod.ts";
import type { Inode } from "../fstree/mod.ts";
import type { LayerTarget } from "./layer_target.ts";

type Change<Content> =
  & { names: ByteString[] }
  & (
    | { kind: "add"; inode: Inode<Content> }
    | { kind: "link"; target: ByteString }
    | { kind: "hide" | "hideChildren" }
  );

/** What a layer asks for, written down until the layers below it are there. */
export class LayerRecord<Content> implements LayerTarget<Content> {
  readonly #changes: Change<Content>[] = [];
  #names: ByteString[] = [];

  add(names: ByteString[], inode: Inode<Content>): void {
    this.#changes.push({ kind: "add", names, inode });
  }

  link(names: ByteString[], target: ByteString): void {
    this.#changes.push({ kind: "link", names, target });
  }

  hide(names: ByteString[]): void {
    this.#changes.push({ kind: "hide", names });
  }

  hideChildren(names: ByteString[]): void {
    this.#changes.push({ kind: "hideChildren", names });
  }

  /** The path of the change at hand. */
  get path(): ByteString {
    return this.#names.join("/") || ".";
  }

  /** Asks another for everything. Throws what that throws; {@link path} then says where. */
  replay(target: LayerTarget<Content>): void {
    for (const change of this.#changes) {
      this.#names = change.names;
      switch (change.kind) {
        case "add":
          target.add(change.names, change.inode);
          break;
        case "link":
          target.link(change.names, change.target);
          break;
        case "hide":
          target.hide(change.names);
          break;
        case "hideChildren":
          target.hideChildren(change.names);
          break;
      }
    }
  }
}
