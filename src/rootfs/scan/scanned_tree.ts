import type { ByteString } from "../../bytes/mod.ts";
import type { Directory, FileStore, Inode } from "../../fstree/mod.ts";
import type { KeptAttributes, KeptSpecial, ScannedName, ScanSink } from "./scan_sink.ts";

/** Makes a tree of what a scan finds, and hands the data of its files to a store. */
export class ScannedTree<Content> implements ScanSink {
  readonly #store: FileStore<Content>;
  readonly #open: Directory<Content>[] = [];
  /** The files that may get other names, by number. */
  readonly #linked: Inode<Content>[] = [];
  #root: Directory<Content> | null = null;
  #size = 0;

  constructor(store: FileStore<Content>) {
    this.#store = store;
  }

  /** The whole tree, at the end. */
  get root(): Directory<Content> {
    if (this.#root === null) throw new Error("nothing was scanned");
    return this.#root;
  }

  enter(name: ByteString, attributes: KeptAttributes): void {
    const directory: Directory<Content> = {
      kind: "directory",
      ...attributes,
      uid: 0,
      gid: 0,
      children: new Map(),
    };
    this.#open.at(-1)?.children.set(name, directory);
    this.#root ??= directory;
    this.#open.push(directory);
  }

  leave(): void {
    this.#open.pop();
  }

  beginFile(size: number): void {
    this.#size = size;
    this.#store.beginFile(size);
  }

  write(chunk: Uint8Array): void {
    this.#store.write(chunk);
  }

  writeHole(length: number): void {
    this.#store.writeHole(length);
  }

  endFile(name: ScannedName, { mode, mtime, xattrs }: KeptAttributes, digest?: string): void {
    const attributes = { mode, uid: 0, gid: 0, mtime, xattrs };
    const content = this.#store.endFile(digest);
    this.#add(name, { kind: "file", ...attributes, size: this.#size, content });
  }

  addSpecial(name: ScannedName, file: KeptSpecial): void {
    this.#add(name, { ...file, uid: 0, gid: 0 });
  }

  addLink(name: ByteString, link: number): void {
    const inode = this.#linked[link];
    if (inode === undefined) throw new Error(`no file ${link} to link to`);
    this.#open.at(-1)?.children.set(name, inode);
  }

  #add({ name, link }: ScannedName, inode: Inode<Content>): void {
    this.#open.at(-1)?.children.set(name, inode);
    if (link !== null) this.#linked[link] = inode;
  }
}
