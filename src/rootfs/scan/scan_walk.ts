import { type ByteString, textFromByteString } from "../../bytes/mod.ts";
import { EnrootError, logWarning } from "../../diagnostics/mod.ts";
import {
  type DirectoryEntry,
  fileIdentity,
  type FileStatus,
  isSyscallError,
  readDirectory,
  readlinkat,
  reasonOf,
  S,
  statusAt,
  statusOf,
} from "../../linux/mod.ts";
import { ContentReader, type ContentReaderOptions } from "./content_reader.ts";
import type { Descent } from "../shared/descent.ts";
import { withPermissions, withPermissionsOn } from "../shared/permissions.ts";
import type { KeptAttributes, KeptSpecial, ScanSink } from "./scan_sink.ts";
import { keptXattrs, openScanned, type ScannedFile } from "./scanned_file.ts";

/** What the runtime keeps in the root directory of a container. */
const RUNTIME_FILES: readonly ByteString[] = [".enroot", ".lock"];

/** A directory that is being read. */
interface Level {
  entries: DirectoryEntry[];
  /** Index of the first entry not yet read. */
  next: number;
  /** Whether its owner may not search it. */
  locked: boolean;
  /** Whether the sink knows of it. */
  kept: boolean;
}

/** The walk of a scan through the root filesystem of a container. */
export class ScanWalk {
  readonly #descent: Descent;
  readonly #sink: ScanSink;
  readonly #reader: ContentReader;
  readonly #home: FileStatus;
  readonly #levels: Level[] = [];
  /** The numbers of the files met so far that have several names, by identity. */
  readonly #links = new Map<string, number>();

  constructor(descent: Descent, options: ContentReaderOptions) {
    this.#descent = descent;
    this.#sink = options.sink;
    this.#reader = new ContentReader(options);
    this.#home = statusOf(descent.fd);
  }

  /** Goes on with an empty buffer: another one, or the same when what is in it is needed no more. */
  use(buffer: Uint8Array): void {
    this.#reader.use(buffer);
  }

  /**
   * Reads everything. Yields 0 after every file; and how many bytes are in the buffer, when that is
   * full and the walk must be given an empty one.
   *
   * @throws {EnrootError} naming the file that cannot be read
   */
  *run(): Generator<number> {
    this.#push("", this.#home);
    let level = this.#levels[0];
    while (level !== undefined) {
      const entry = level.entries[level.next++];
      try {
        if (entry === undefined) this.#leave(level);
        else yield* this.#visit(entry, level);
      } catch (error) {
        if (error instanceof EnrootError) throw error;
        throw new EnrootError(`Cannot read ${this.#pathOf(entry?.name)}: ${reasonOf(error)}`, {
          cause: error,
        });
      }
      level = this.#levels[this.#levels.length - 1];
      yield 0;
    }
  }

  *#visit(entry: DirectoryEntry, level: Level): Generator<number> {
    let opened: ScannedFile | null;
    try {
      opened = this.#searching(level, () => this.#open(entry));
    } catch (error) {
      // Gone, or something else now.
      if (isSyscallError(error, "ENOENT", "ELOOP", "ENOTDIR", "ENXIO")) return;
      throw error;
    }
    if (opened === null) return;
    using file = opened;
    yield* this.#addFile(entry.name, file);
  }

  /** Runs what needs permission to search a directory. */
  #searching<Result>({ locked }: Level, action: () => Result): Result {
    if (!locked) return action();
    return withPermissionsOn({ fd: this.#descent.fd, permissions: 0o100 }, action);
  }

  /** Opens a regular file; enters a directory and adds anything else, and returns null. */
  #open({ name, type }: DirectoryEntry): ScannedFile | null {
    const directory = this.#descent.fd;
    if (type === "file") return openScanned(directory, name);
    const status = statusAt(directory, name);
    switch (status.mode & S.IFMT) {
      case S.IFREG:
        return openScanned(directory, name);
      case S.IFDIR:
        this.#enter(name, status);
        return null;
      default:
        if (this.#isHome(status)) this.#addSpecial(name, status);
        return null;
    }
  }

  #enter(name: ByteString, status: FileStatus): void {
    if (!this.#isHome(status)) {
      this.#sink.enter(name, attributesOf(status));
      this.#sink.leave();
      return;
    }
    const descent = this.#descent;
    try {
      descent.enter(name);
    } catch (error) {
      if (!isSyscallError(error, "EACCES")) throw error;
      const place = { directory: descent.fd, name, permissions: 0o400 };
      withPermissions(place, () => descent.enter(name));
    }
    this.#push(name, status);
  }

  /** Begins with the directory where the walk is. */
  #push(name: ByteString, status: FileStatus): void {
    const { fd, depth } = this.#descent;
    let entries = readDirectory(fd);
    const isMountPoint = depth > 0 && entries.length === 0 && (status.mode & 0o7777) === 0;
    if (depth === 0) entries = entries.filter((entry) => !RUNTIME_FILES.includes(entry.name));
    if (depth === 1 && name === "dev") entries = [];
    // In byte order, so that the same files give the same image wherever they are.
    entries.sort((a, b) => a.name < b.name ? -1 : 1);
    if (!isMountPoint) this.#sink.enter(name, attributesOf(status, keptXattrs(fd)));
    const locked = (status.mode & 0o100) === 0 && Deno.uid() !== 0;
    this.#levels.push({ entries, next: 0, locked, kept: !isMountPoint });
  }

  #leave(level: Level): void {
    if (level.kept) this.#sink.leave();
    this.#levels.pop();
    if (this.#levels.length > 0) this.#searching(level, () => this.#descent.leave());
  }

  *#addFile(name: ByteString, file: ScannedFile): Generator<number> {
    const { status } = file;
    if (!this.#isHome(status)) return;
    if (status.size === 0 && (status.mode & 0o7777) === 0) return;
    const { link, isNew } = this.#linkOf(status);
    if (!isNew) return this.#sink.addLink(name, link);
    const { whole, digest } = yield* this.#reader.read(file);
    if (!whole) logWarning(`File became shorter while it was read: ${this.#pathOf(name)}`);
    this.#sink.endFile({ name, link }, attributesOf(status, file.xattrs), digest);
  }

  #addSpecial(name: ByteString, status: FileStatus): void {
    const { link, isNew } = this.#linkOf(status);
    if (!isNew) return this.#sink.addLink(name, link);
    const special = specialOf(status, () => readlinkat(this.#descent.fd, name));
    this.#sink.addSpecial({ name, link }, special);
  }

  /** The number of a file that may have several names. */
  #linkOf(
    status: FileStatus,
  ): { link: number | null; isNew: true } | { link: number; isNew: false } {
    if (status.links === 1) return { link: null, isNew: true };
    const identity = fileIdentity(status);
    const known = this.#links.get(identity);
    if (known !== undefined) return { link: known, isNew: false };
    const link = this.#links.size;
    this.#links.set(identity, link);
    return { link, isNew: true };
  }

  /** Whether a file is on the file system of the root, as it is mounted there. */
  #isHome({ mountId, device }: FileStatus): boolean {
    const home = this.#home;
    return mountId === home.mountId && device.major === home.device.major &&
      device.minor === home.device.minor;
  }

  #pathOf(name?: ByteString): string {
    return textFromByteString(this.#descent.pathOf(name));
  }
}

function attributesOf(
  { mode, mtime }: FileStatus,
  xattrs: KeptAttributes["xattrs"] = null,
): KeptAttributes {
  return { mode: mode & 0o7777, mtime, xattrs };
}

/** A file that is neither regular nor a directory. Such files have no attributes of users. */
function specialOf(status: FileStatus, readTarget: () => ByteString): KeptSpecial {
  const attributes = attributesOf(status);
  switch (status.mode & S.IFMT) {
    case S.IFLNK:
      return { kind: "symlink", ...attributes, target: readTarget() };
    case S.IFCHR:
      return { kind: "character", ...attributes, ...status.special };
    case S.IFBLK:
      return { kind: "block", ...attributes, ...status.special };
    case S.IFIFO:
      return { kind: "fifo", ...attributes };
    case S.IFSOCK:
      return { kind: "socket", ...attributes };
    default:
      throw new Error(`unknown kind of file (mode ${status.mode.toString(8)})`);
  }
}
