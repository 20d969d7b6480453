import { type ByteString, textFromByteString } from "../bytes/mod.ts";
import { EnrootError } from "../diagnostics/mod.ts";
import { type Digest, DigestBuilder } from "../formats/oci/mod.ts";
import { createTarReader, type TarEntry, TarError, type TarHandler } from "../formats/tar/mod.ts";
import {
  type Attributes,
  type Directory,
  emptyDirectory,
  splitPath,
  TreeError,
  TreeLayer,
} from "../fstree/mod.ts";
import type { FileStore } from "./file_store.ts";

/** A layer to be applied. */
export interface LayerData {
  /** Its digest, for messages. */
  digest: Digest;
  /** What the digest of its uncompressed bytes must be; null if it is not known. */
  diffId: Digest | null;
  /** Its uncompressed bytes: a tar archive. */
  bytes: AsyncIterable<Uint8Array>;
}

const WHITEOUT = ".wh.";
const OPAQUE = ".wh..wh..opq";
/** The kernel takes no more extended attributes than this for one file (xattr(7)). */
const MAX_XATTR_BYTES = 64 * 1024;
const MAX_TARGET_LENGTH = 4095;
const MAX_MAJOR = 0xfff;
const MAX_MINOR = 0xfffff;
/** The tree is held in memory: what a file costs there, besides its texts, and all may cost. */
const FILE_BYTES = 300;
const MAX_TREE_BYTES = 2 ** 31;
/** Holes cost an archive nothing, but an image a few bytes for each block. */
const MAX_HOLE_BYTES = 4 * 2 ** 40;

/**
 * Builds the file tree of an image from its layers, the bottom one first, and hands the data of its
 * files to a store.
 *
 * Everything belongs to root; what is below `/dev` is left out; of extended attributes `user.*` and
 * `security.capability` are kept.
 */
export class LayerStack<Content> {
  readonly root: Directory<Content>;
  readonly #store: FileStore<Content>;
  readonly #budget = { treeBytes: MAX_TREE_BYTES, holeBytes: MAX_HOLE_BYTES };

  /** @param mtime the time of the root directory, which most images do not have in a layer */
  constructor(store: FileStore<Content>, { mtime }: { mtime: number }) {
    this.#store = store;
    this.root = emptyDirectory({ mtime });
  }

  /**
   * Applies the next layer.
   *
   * @throws {EnrootError} when the layer is malformed, or not the one its digest promises
   */
  async apply(layer: LayerData): Promise<void> {
    const extraction = new Extraction(this.root, this.#store, this.#budget);
    const reader = createTarReader(extraction);
    const digest = layer.diffId === null ? null : new DigestBuilder();
    try {
      // To the end, although the archive may be over before: the digest is one of all bytes.
      for await (const chunk of layer.bytes) {
        digest?.update(chunk);
        reader.push(chunk);
        const drained = this.#store.drain();
        if (drained !== undefined) await drained;
      }
      reader.end();
    } catch (error) {
      throw layerError(error, { layer, path: extraction.path });
    }
    if (digest !== null && digest.finish() !== layer.diffId) {
      throw new EnrootError(
        `Cannot extract layer ${layer.digest}: its content is not ${layer.diffId}`,
      );
    }
  }
}

function layerError(
  cause: unknown,
  { layer, path }: { layer: LayerData; path: ByteString },
): unknown {
  if (cause instanceof TarError) {
    return new EnrootError(`Cannot read layer ${layer.digest}: ${cause.message}`, { cause });
  }
  if (cause instanceof TreeError) {
    const what = `${textFromByteString(path)} from layer ${layer.digest}`;
    return new EnrootError(`Cannot extract ${what}: ${cause.message}`, { cause });
  }
  return cause;
}

interface Budget {
  treeBytes: number;
  holeBytes: number;
}

/** Lays the members of one archive over the tree. */
class Extraction<Content> implements TarHandler {
  readonly #layer: TreeLayer<Content>;
  readonly #store: FileStore<Content>;
  readonly #budget: Budget;
  /** The member at hand. */
  #path: ByteString = "";
  /** The file whose data is being stored. */
  #file: { names: ByteString[]; attributes: Attributes; size: number } | null = null;

  constructor(root: Directory<Content>, store: FileStore<Content>, budget: Budget) {
    this.#layer = new TreeLayer(root);
    this.#store = store;
    this.#budget = budget;
  }

  get path(): ByteString {
    return this.#path;
  }

  entry(entry: TarEntry): void {
    this.#path = entry.path;
    this.#charge(FILE_BYTES + entry.path.length);
    const names = splitPath(entry.path);
    if (names.length > 1 && names[0] === "dev") return;
    if (names.at(-1)?.startsWith(WHITEOUT)) this.#whiteout(names);
    else this.#add(names, entry);
  }

  data(chunk: Uint8Array): void {
    if (this.#file !== null) this.#store.write(chunk);
  }

  hole(length: number): void {
    if (this.#file === null) return;
    this.#budget.holeBytes -= length;
    if (this.#budget.holeBytes < 0) throw new TreeError("too large a sparse file");
    this.#store.writeHole(length);
  }

  endEntry(): void {
    if (this.#file === null) return;
    const { names, attributes, size } = this.#file;
    this.#file = null;
    this.#layer.add(names, { kind: "file", ...attributes, size, content: this.#store.endFile() });
  }

  #charge(bytes: number): void {
    this.#budget.treeBytes -= bytes;
    if (this.#budget.treeBytes < 0) throw new TreeError("too many files in the image");
  }

  #whiteout(names: ByteString[]): void {
    const mark = names.pop() ?? "";
    if (mark === OPAQUE) return this.#layer.hideChildren(names);
    const name = mark.slice(WHITEOUT.length);
    if (name.startsWith(WHITEOUT)) throw new TreeError("unknown kind of whiteout");
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

  #keptXattrs(xattrs: TarEntry["xattrs"]): Attributes["xattrs"] {
    if (xattrs === null) return null;
    const kept: NonNullable<Attributes["xattrs"]> = new Map();
    let bytes = 0;
    for (const [name, value] of xattrs) {
      if (!isKept(name)) continue;
      bytes += name.length + value.length;
      if (name.length > 255 || name.includes("\0") || bytes > MAX_XATTR_BYTES) {
        throw new TreeError("extended attributes too large");
      }
      kept.set(name, value);
    }
    this.#charge(bytes);
    return kept.size === 0 ? null : kept;
  }

  #link(names: ByteString[], target: ByteString): void {
    try {
      this.#layer.link(names, splitPath(target));
    } catch (cause) {
      if (!(cause instanceof TreeError)) throw cause;
      throw new TreeError(`cannot link to ${textFromByteString(target)}: ${cause.message}`, {
        cause,
      });
    }
  }
}

function isWithin(value: number, most: number): boolean {
  return value >= 0 && value <= most;
}

/** Those of overlayfs are left out: where the image becomes a lower layer they would be obeyed. */
function isKept(name: ByteString): boolean {
  return name === "security.capability" ||
    (name.startsWith("user.") && name.length > "user.".length && !name.startsWith("user.overlay."));
}
