import type { ByteString } from "../../bytes/mod.ts";
import type { TarEntry, TarHandler } from "../../formats/tar/mod.ts";
import {
  type Attributes,
  type FileStore,
  type Inode,
  isKeptXattr,
  splitPath,
  TreeError,
} from "../../fstree/mod.ts";
import {
  type Budget,
  chargeHole,
  chargeTree,
  DIRECTORY_BYTES,
  FILE_BYTES,
  XATTR_BYTES,
} from "./budget.ts";
import type { LayerTarget } from "./layer_target.ts";

const WHITEOUT = ".wh.";
/** Marks of a directory itself. */
const META_WHITEOUT = ".wh..wh.";
const OPAQUE = ".wh..wh..opq";
/** Where aufs keeps what is its own, in layers that were made of it; names of files link to the first. */
const LINKED_FILES = ".wh..wh.plnk";
const AUFS_DIRECTORIES: readonly ByteString[] = [LINKED_FILES, ".wh..wh.aufs", ".wh..wh.orph"];
/** The kernel takes no more extended attributes than this for one file (xattr(7)). */
const MAX_XATTR_BYTES = 64 * 1024;
const MAX_TARGET_LENGTH = 4095;
const MAX_MAJOR = 0xfff;
const MAX_MINOR = 0xfffff;

/** What an extraction works with. */
export interface ExtractionOptions<Content> {
  layer: LayerTarget<Content>;
  store: FileStore<Content>;
  budget: Budget;
}

/**
 * Takes the members of one layer's archive apart: data into the store, everything else to the layer.
 *
 * Throws {@link TreeError} for what an image cannot have; {@link path} then says where.
 */
export class Extraction<Content> implements TarHandler {
  readonly #layer: LayerTarget<Content>;
  readonly #store: FileStore<Content>;
  readonly #budget: Budget;
  /** The member at hand. */
  #path: ByteString = "";
  /** The file whose data is being stored. */
  #file: { names: ByteString[]; attributes: Attributes; size: number } | null = null;
  /** What is in aufs' directory of linked files, by path. */
  readonly #linked = new Map<ByteString, Inode<Content>>();

  constructor({ layer, store, budget }: ExtractionOptions<Content>) {
    this.#layer = layer;
    this.#store = store;
    this.#budget = budget;
  }

  /** The path of the member at hand, as the archive has it. */
  get path(): ByteString {
    return this.#path;
  }

  entry(entry: TarEntry): void {
    this.#path = entry.path;
    this.#charge(FILE_BYTES + entry.path.length);
    const names = splitPath(entry.path);
    if (names.length > 1 && names[0] === "dev") return;
    if (entry.path.includes(META_WHITEOUT) && isOfAufs(names)) {
      if (entry.kind === "file" && names.includes(LINKED_FILES)) this.#add(names, entry);
    } else if (names.at(-1)?.startsWith(WHITEOUT)) this.#whiteout(names);
    else this.#add(names, entry);
  }

  data(chunk: Uint8Array): void {
    if (this.#file !== null) this.#store.write(chunk);
  }

  hole(length: number): void {
    if (this.#file === null) return;
    chargeHole(this.#budget, length);
    this.#store.writeHole(length);
  }

  endEntry(): void {
    if (this.#file === null) return;
    const { names, attributes, size } = this.#file;
    this.#file = null;
    const content = this.#store.endFile();
    const inode: Inode<Content> = { kind: "file", ...attributes, size, content };
    if (names.includes(LINKED_FILES)) this.#linked.set(names.join("/"), inode);
    else this.#layer.add(names, inode);
  }

  #charge(bytes: number): void {
    chargeTree(this.#budget, bytes);
  }

  #whiteout(names: ByteString[]): void {
    const mark = names.pop() ?? "";
    if (mark === OPAQUE) return this.#layer.hideChildren(names);
    const name = mark.slice(WHITEOUT.length);
    if (name === "" || name === "." || name === "..") throw new TreeError("malformed whiteout");
    this.#layer.hide([...names, name]);
  }

  #add(names: ByteString[], entry: TarEntry): void {
    const attributes: Attributes = {
      mode: entry.mode,
      uid: 0,
      gid: 0,
      mtime: entry.mtime,
      xattrs: this.#keptXattrs(entry.xattrs),
    };
    switch (entry.kind) {
      case "file":
        this.#store.beginFile(entry.size);
        this.#file = { names, attributes, size: entry.size };
        return;
      case "directory":
        this.#charge(DIRECTORY_BYTES - FILE_BYTES);
        return this.#layer.add(names, { kind: "directory", ...attributes, children: new Map() });
      case "symlink":
        if (entry.target === "") throw new TreeError("symbolic link to nothing");
        if (entry.target.length > MAX_TARGET_LENGTH) throw new TreeError("link target too long");
        this.#charge(entry.target.length);
        return this.#layer.add(names, { kind: "symlink", ...attributes, target: entry.target });
      case "hardlink":
        return this.#link(names, entry.target);
      case "character":
      case "block": {
        const { kind, major, minor } = entry;
        if (!isWithin(major, MAX_MAJOR) || !isWithin(minor, MAX_MINOR)) {
          throw new TreeError(`no such device: ${major}:${minor}`);
        }
        return this.#layer.add(names, { kind, ...attributes, major, minor });
      }
      case "fifo":
        return this.#layer.add(names, { kind: "fifo", ...attributes });
    }
  }

  #link(names: ByteString[], target: ByteString): void {
    const linked = target.includes(LINKED_FILES)
      ? this.#linked.get(splitPath(target).join("/"))
      : undefined;
    if (linked === undefined) this.#layer.link(names, target);
    else this.#layer.add(names, linked);
  }

  #keptXattrs(xattrs: TarEntry["xattrs"]): Attributes["xattrs"] {
    if (xattrs === null) return null;
    const kept: NonNullable<Attributes["xattrs"]> = new Map();
    let bytes = 0;
    for (const [name, value] of xattrs) {
      if (!isKeptXattr(name)) continue;
      bytes += name.length + value.length;
      if (name.length > 255 || name.includes("\0") || bytes > MAX_XATTR_BYTES) {
        throw new TreeError("extended attributes too large");
      }
      kept.set(name, value);
    }
    this.#charge(bytes + (kept.size === 0 ? 0 : (kept.size + 1) * XATTR_BYTES));
    return kept.size === 0 ? null : kept;
  }
}

/** Whether a path leads to what is aufs' own. @throws {TreeError} on what is not known to be */
function isOfAufs(names: readonly ByteString[]): boolean {
  const at = names.findIndex((name) => name.startsWith(META_WHITEOUT));
  if (at === -1 || (at === names.length - 1 && names[at] === OPAQUE)) return false;
  if (AUFS_DIRECTORIES.includes(names[at] ?? "")) return true;
  throw new TreeError("unknown kind of whiteout");
}

function isWithin(value: number, most: number): boolean {
  return value >= 0 && value <= most;
}
