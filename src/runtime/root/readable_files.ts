import type { ByteString } from "../../bytes/mod.ts";

/** What a path names, symbolic links followed. */
export interface FileStatus {
  readonly kind: "file" | "directory" | "other";
  /** The permission bits, set-id and sticky bits included (07777). */
  readonly mode: number;
}

/**
 * Files, for reading. Paths are absolute.
 *
 * A file that is missing, unreadable or of the wrong kind is `null`: callers have a default.
 */
export interface ReadableFiles {
  /** The content of a regular file, links followed. Implementations bound its size. */
  read(path: ByteString): ByteString | null;
  /** What is there, links followed. */
  status(path: ByteString): FileStatus | null;
  /** The target of the symbolic link at this very path. */
  readLink(path: ByteString): ByteString | null;
  /** The path with every link resolved, as realpath(3); all of it must exist. */
  realPath(path: ByteString): ByteString | null;
  /** The names in a directory in byte order, without `.` and `..`; empty when there is none. */
  list(path: ByteString): ByteString[];
}

/**
 * The files of a container, seen from inside: `/` is its root directory, and no link or `..` leads
 * out of it (openat2(2), RESOLVE_IN_ROOT).
 *
 * What is written belongs to the caller. Every method throws an EnrootError that names the path
 * when it cannot do its work.
 */
export interface RootFiles extends ReadableFiles {
  /**
   * Puts a regular file with this content in place of whatever file or link is at the path, in one
   * step: readers see the old content or the new. Its directory must exist.
   */
  replace(path: ByteString, content: ByteString, mode: number): void;
  /** Puts a symbolic link in place of whatever file or link is at the path, in one step. */
  symlink(target: ByteString, path: ByteString): void;
  /** Creates a directory with this mode, and what is missing above it with mode 0755. */
  makeDirectories(path: ByteString, mode: number): void;
}
