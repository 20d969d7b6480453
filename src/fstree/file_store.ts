/**
 * Where the data of files goes as it is read, one file after the other.
 *
 * `Content` is what the store needs to find a file's data again; it ends up in the tree.
 */
export interface FileStore<Content> {
  /**
   * Files of fewer bytes need a digest of what is in them ({@link contentDigest}): endFile() makes
   * it unless it is given one. None if absent.
   */
  readonly digestsBelow?: number;
  /** Begins a file of so many bytes, holes included. */
  beginFile(size: number): void;
  /** Adds data. The bytes must stay as they are until the next {@link drain} has resolved. */
  write(chunk: Uint8Array): void;
  /** Adds that many zeros that take no space. */
  writeHole(length: number): void;
  /**
   * Ends the file.
   *
   * @param digest of its contents, holes as zeros, from the thread that had a processor to spare for it
   */
  endFile(digest?: string): Content;
  /** To be called about once for each MiB: what to wait for, if the store is behind. */
  drain(): Promise<void> | undefined;
}
