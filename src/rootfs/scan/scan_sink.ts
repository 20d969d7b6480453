import type { ByteString } from "../../bytes/mod.ts";
import type { Attributes, Device, Special, SymbolicLink } from "../../fstree/mod.ts";

/** What a file has that is kept of it; everything belongs to root. */
export type KeptAttributes = Pick<Attributes, "mode" | "mtime" | "xattrs">;

/** A file without data, as far as it is kept. */
export type KeptSpecial =
  & KeptAttributes
  & (
    | Pick<SymbolicLink, "kind" | "target">
    | Pick<Device, "kind" | "major" | "minor">
    | Pick<Special, "kind">
  );

/** A name for a file in the directory that was entered last. */
export interface ScannedName {
  name: ByteString;
  /** Numbers a file that may get other names, counting from 0; null for others. */
  link: number | null;
}

/**
 * Takes what a scan finds, in the order of its walk: first the root directory, whose name is empty;
 * every directory is left again.
 */
export interface ScanSink {
  enter(name: ByteString, directory: KeptAttributes): void;
  leave(): void;
  /** Begins the data of a file, holes included. */
  beginFile(size: number): void;
  /** Adds data: a view of the buffer that the walk uses. */
  write(chunk: Uint8Array): void;
  writeHole(length: number): void;
  /** Ends the data, and says whose it was; with its digest, when that has been made. */
  endFile(name: ScannedName, file: KeptAttributes, digest?: string): void;
  addSpecial(name: ScannedName, file: KeptSpecial): void;
  /** Another name for a file that has a number. */
  addLink(name: ByteString, link: number): void;
}
