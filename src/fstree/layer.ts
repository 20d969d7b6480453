import type { ByteString } from "../bytes/mod.ts";
import type { Directory, Inode } from "./node.ts";
import { FollowedNames } from "./followed_names.ts";
import { RememberedDirectory } from "./remembered_directory.ts";
import { lookup, type Resolved, resolveDirectory } from "./resolve.ts";
import { TreeError } from "./tree_error.ts";

/**
 * One layer being laid over a tree (OCI layer.md, "Applying Changesets"): what it adds replaces what
 * has the same name below, and what it hides is gone.
 *
 * A layer hides only what lower layers have. In what order it hides and adds makes no difference, so
 * it remembers which names it has added. Until a layer is done nothing else may change the tree.
 *
 * Paths are names from the root, as {@link splitPath} gives them. All methods throw {@link TreeError}.
 */
export class TreeLayer<Content> {
  readonly #root: Directory<Content>;
  readonly #added = new Map<Directory<Content>, Set<ByteString>>();
  /** Directories in which nothing of lower layers is left. */
  readonly #cleared = new Set<Directory<Content>>();
  /** Where files were added, and where the files were that links lead to. */
  readonly #lastParent = new RememberedDirectory<Content>();
  readonly #lastSource = new RememberedDirectory<Content>();
  readonly #followed = new FollowedNames();

  constructor(root: Directory<Content>) {
    this.#root = root;
  }

  /**
   * Adds a file. Missing directories on its path are made, with its time, and what lower layers have
   * in their place is gone; links of lower layers that lead to directories are followed. A directory
   * over a directory changes the attributes and keeps the children; anything else replaces what was
   * there.
   *
   * @returns how many directories were made
   */
  add(path: readonly ByteString[], inode: Inode<Content>): number {
    const name = path.at(-1);
    if (name === undefined) {
      if (inode.kind !== "directory") throw new TreeError("the root is a directory");
      setAttributes(this.#root, inode);
      return 0;
    }
    const { parent, made } = this.#makeParent(path.slice(0, -1), inode.mtime);
    this.#mark(parent, name);
    const existing = parent.directory.children.get(name);
    if (inode.kind === "directory" && existing?.kind === "directory") {
      setAttributes(existing, inode);
    } else {
      parent.directory.children.set(name, inode);
      this.#noteGone(existing);
    }
    return made;
  }

  /** Adds another name for a file of this layer or a lower one, as {@link add} does. */
  link(path: readonly ByteString[], target: readonly ByteString[]): number {
    this.#followed.addPath();
    const inode = lookup(this.#root, target, {
      last: this.#lastSource,
      followed: this.#followed,
    });
    if (inode === undefined) throw new TreeError("no such file");
    if (inode.kind === "directory") throw new TreeError("is a directory");
    return this.add(path, inode);
  }

  /**
   * Hides a file of lower layers, and everything below it; nothing happens if there is none, nor if
   * the path to it leads through what is no directory.
   */
  hide(path: readonly ByteString[]): void {
    const name = path.at(-1);
    if (name === undefined) throw new TreeError("the root cannot be removed");
    const parent = this.#find(path.slice(0, -1));
    const existing = parent?.children.get(name);
    if (parent === null || existing === undefined) return;
    if (!this.#added.get(parent)?.has(name)) {
      parent.children.delete(name);
      this.#noteGone(existing);
    } else if (existing.kind === "directory") this.#clear(existing);
  }

  /** Hides everything that lower layers have below a directory; the directory itself stays. */
  hideChildren(path: readonly ByteString[]): void {
    const directory = this.#find(path);
    if (directory !== null) this.#clear(directory);
  }

  /** The directory of a path, null if there is none. */
  #find(path: readonly ByteString[]): Directory<Content> | null {
    const followed = this.#followed;
    followed.addPath();
    try {
      return resolveDirectory(this.#root, path, { followed })?.directory ?? null;
    } catch (error) {
      if (!(error instanceof TreeError) || followed.areSpent) throw error;
      return null;
    }
  }

  #makeParent(
    path: readonly ByteString[],
    mtime: number,
  ): { parent: Resolved<Content>; made: number } {
    this.#followed.addPath();
    const last = this.#lastParent.find(path);
    if (last !== null) return { parent: last, made: 0 };
    let made = 0;
    const make = (directory: Directory<Content>, name: ByteString) => {
      const missing = emptyDirectory<Content>({ mtime });
      this.#noteGone(directory.children.get(name));
      directory.children.set(name, missing);
      made++;
      return missing;
    };
    const parent = resolveDirectory(this.#root, path, {
      followed: this.#followed,
      missing: make,
      blocked: (directory, name) =>
        this.#added.get(directory)?.has(name) ? null : make(directory, name),
    });
    if (parent === null) throw new Error("a directory that is made cannot be missing");
    this.#lastParent.remember(path, parent);
    return { parent, made };
  }

  /** What has been found so far may have been found through a file that is gone now. */
  #noteGone(inode: Inode<Content> | undefined): void {
    if (inode?.kind !== "directory" && inode?.kind !== "symlink") return;
    this.#lastParent.forget();
    this.#lastSource.forget();
  }

  /** Remembers a name and the names on the way to it. */
  #mark({ chain, names }: Resolved<Content>, name: ByteString): void {
    for (let depth = chain.length - 1, added = name; depth >= 0; depth--) {
      const directory = chain[depth] ?? this.#root;
      let known = this.#added.get(directory);
      if (known === undefined) this.#added.set(directory, known = new Set());
      // The layer that marked this name marked the way to its directory as well.
      if (known.has(added)) return;
      known.add(added);
      added = names[depth - 1] ?? "";
    }
  }

  #clear(directory: Directory<Content>): void {
    this.#lastParent.forget();
    this.#lastSource.forget();
    const pending = [directory];
    for (let here = pending.pop(); here !== undefined; here = pending.pop()) {
      if (this.#cleared.has(here)) continue;
      this.#cleared.add(here);
      const added = this.#added.get(here);
      if (added === undefined) {
        here.children.clear();
        continue;
      }
      for (const [name, child] of here.children) {
        if (!added.has(name)) here.children.delete(name);
        else if (child.kind === "directory") pending.push(child);
      }
    }
  }
}

/** A directory without children, `root:root` and 0755. */
export function emptyDirectory<Content>({ mtime }: { mtime: number }): Directory<Content> {
  return {
    kind: "directory",
    mode: 0o755,
    uid: 0,
    gid: 0,
    mtime,
    xattrs: null,
    children: new Map(),
  };
}

function setAttributes<Content>(to: Directory<Content>, from: Directory<Content>): void {
  to.mode = from.mode;
  to.uid = from.uid;
  to.gid = from.gid;
  to.mtime = from.mtime;
  to.xattrs = from.xattrs;
}
