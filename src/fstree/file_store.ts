/**
 * Where the data of files goes as it is read, one file after the other.
 *
 * `Content` is what the store needs to find a file's data again; it ends up in the tree.
 */
export interface FileStore<Content> {
  /** Begins a file of so many bytes, holes included. */
  beginFile(size: number): void;
  /** Adds data. The bytes must stay as they are until the next {@link drain} has resolved. */
  write(chunk: Uint8Array): void;
  /** Adds that many zeros that take no space. */
  writeHole(length: number): void;
  /** Ends the file. */
  endFile(): Content;
  /** To be called about once for each MiB: what to wait for, if the store is behind. */
  drain(): Promise<void> | undefined;
}
