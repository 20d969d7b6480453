import { type ByteString, textFromByteString } from "../bytes/mod.ts";
import { EnrootError, logWarning, startProgress } from "../diagnostics/mod.ts";
import type { Attributes, Directory, FileStore, Inode } from "../fstree/mod.ts";
import {
  AT,
  type DirectoryEntry,
  fileIdentity,
  type FileStatus,
  isSyscallError,
  O,
  openat,
  readDirectory,
  readlinkat,
  reasonOf,
  S,
  statusAt,
  statusOf,
} from "../linux/mod.ts";
import { ContentReader } from "./content_reader.ts";
import { Descent } from "./descent.ts";
import { withPermissions, withPermissionsOn } from "./permissions.ts";
import { keptXattrs, openScanned, type ScannedFile } from "./scanned_file.ts";
import { runInSlices } from "./time_slices.ts";

/** What the runtime keeps in the root directory of a container. */
const RUNTIME_FILES: readonly ByteString[] = [".enroot", ".lock"];
const OPEN_DIRECTORY = O.RDONLY | O.DIRECTORY;

/**
 * Reads the root filesystem of a container: the tree is returned, the data of its files is in the
 * store.
 *
 * Everything belongs to root. What a start leaves behind is left out: mount points (empty and without
 * any permission), what is in `/dev`, the runtime's own files. Holes, hard links and the attributes
 * that images keep are kept. What its owner may not read is read all the same. The walk never leaves
 * the directory nor its file system: what is mounted in it is an empty directory. Files that others
 * remove meanwhile are not there.
 *
 * @throws {EnrootError} naming the file that cannot be read
 */
export async function scanRootfs<Content>(
  path: ByteString,
  store: FileStore<Content>,
): Promise<Directory<Content>> {
  using descent = openRoot(path);
  const scan = new Scan(descent, store);
  using progress = startProgress();
  await runInSlices(scan.run(), progress, { drain: () => store.drain() });
  return scan.root;
}

/** A directory that is being read. */
interface Level<Content> {
  directory: Directory<Content>;
  entries: DirectoryEntry[];
  /** Index of the first entry not yet read. */
  next: number;
  /** Whether its owner may not search it. */
  locked: boolean;
}

/** One scan under way: the walk through the directory and, in step, the tree. */
class Scan<Content> {
  readonly root: Directory<Content>;
  readonly #descent: Descent;
  readonly #home: FileStatus;
  readonly #reader: ContentReader<Content>;
  readonly #levels: Level<Content>[];
  /** The files met so far that have several names, by identity. */
  readonly #linked = new Map<string, Inode<Content>>();

  constructor(descent: Descent, store: FileStore<Content>) {
    this.#descent = descent;
    this.#reader = new ContentReader(store);
    this.#home = statusOf(this.#descent.fd);
    const level = this.#level(this.#home);
    level.entries = level.entries.filter(({ name }) => !RUNTIME_FILES.includes(name));
    this.#levels = [level];
    this.root = level.directory;
  }

  /** Reads everything. Yields as {@link ContentReader.read} does, and after every file. */
  *run(): Generator<number> {
    let level = this.#levels[0];
    while (level !== undefined) {
      const entry = level.entries[level.next++];
      try {
        if (entry === undefined) this.#leave(level);
        else yield* this.#visit(entry, level);
      } catch (error) {
        if (error instanceof EnrootError) throw error;
        const path = textFromByteString(this.#descent.pathOf(entry?.name));
        throw new EnrootError(`Cannot read ${path}: ${reasonOf(error)}`, { cause: error });
      }
      level = this.#levels[this.#levels.length - 1];
      yield 0;
    }
  }

  *#visit(entry: DirectoryEntry, level: Level<Content>): Generator<number> {
    let opened: ScannedFile | null;
    try {
      opened = this.#searching(level, () => this.#add(entry, level.directory));
    } catch (error) {
      // Gone, or something else now.
      if (isSyscallError(error, "ENOENT", "ELOOP", "ENOTDIR", "ENXIO")) return;
      throw error;
    }
    if (opened === null) return;
    using file = opened;
    yield* this.#addFile(entry.name, { file, directory: level.directory });
  }

  /** Runs what needs permission to search a directory. */
  #searching<Result>({ locked }: Level<Content>, action: () => Result): Result {
    if (!locked) return action();
    return withPermissionsOn({ fd: this.#descent.fd, permissions: 0o100 }, action);
  }

  /** Adds what is no regular file; opens what is one. */
  #add({ name, type }: DirectoryEntry, directory: Directory<Content>): ScannedFile | null {
    switch (type) {
      case "file":
        return openScanned(this.#descent.fd, name);
      case "directory":
        this.#enter(name, directory);
        return null;
    }
    const status = statusAt(this.#descent.fd, name);
    const format = status.mode & S.IFMT;
    if (format === S.IFREG) return openScanned(this.#descent.fd, name);
    if (format === S.IFDIR) this.#enter(name, directory);
    else if (this.#isHome(status)) this.#addSpecial(name, { status, directory });
    return null;
  }

  #enter(name: ByteString, parent: Directory<Content>): void {
    const descent = this.#descent;
    const status = statusAt(descent.fd, name);
    if (!this.#isHome(status)) {
      parent.children.set(name, directoryOf(status, null));
      return;
    }
    try {
      descent.enter(name);
    } catch (error) {
      if (!isSyscallError(error, "EACCES")) throw error;
      const place = { directory: descent.fd, name, permissions: 0o400 };
      withPermissions(place, () => descent.enter(name));
    }
    const level = this.#level(status);
    this.#levels.push(level);
    const isMountPoint = level.entries.length === 0 && (status.mode & 0o7777) === 0;
    if (!isMountPoint) parent.children.set(name, level.directory);
    if (descent.depth === 1 && name === "dev") level.entries = [];
  }

  /** The directory where the walk is. */
  #level(status: FileStatus): Level<Content> {
    const fd = this.#descent.fd;
    // In byte order, so that the same files give the same image wherever they are.
    const entries = readDirectory(fd).sort((a, b) => a.name < b.name ? -1 : 1);
    return {
      directory: directoryOf(status, keptXattrs(fd)),
      entries,
      next: 0,
      locked: (status.mode & 0o100) === 0 && Deno.uid() !== 0,
    };
  }

  #leave(level: Level<Content>): void {
    this.#levels.pop();
    if (this.#levels.length > 0) this.#searching(level, () => this.#descent.leave());
  }

  *#addFile(
    name: ByteString,
    { file, directory }: { file: ScannedFile; directory: Directory<Content> },
  ): Generator<number> {
    const { status } = file;
    if (!this.#isHome(status)) return;
    if (status.size === 0 && (status.mode & 0o7777) === 0) return;
    let inode = status.links > 1 ? this.#linked.get(fileIdentity(status)) : undefined;
    if (inode === undefined) {
      const { content, cut } = yield* this.#reader.read(file);
      const { size } = status;
      inode = { kind: "file", ...attributesOf(status, file.xattrs), size, content };
      if (cut) {
        const path = textFromByteString(this.#descent.pathOf(name));
        logWarning(`File became shorter while it was read: ${path}`);
      }
      if (status.links > 1) this.#linked.set(fileIdentity(status), inode);
    }
    directory.children.set(name, inode);
  }

  #addSpecial(
    name: ByteString,
    { status, directory }: { status: FileStatus; directory: Directory<Content> },
  ): void {
    let inode = status.links > 1 ? this.#linked.get(fileIdentity(status)) : undefined;
    if (inode === undefined) {
      inode = specialInode(status, () => readlinkat(this.#descent.fd, name));
      if (status.links > 1) this.#linked.set(fileIdentity(status), inode);
    }
    directory.children.set(name, inode);
  }

  /** Whether a file is on the file system of the root, as it is mounted there. */
  #isHome({ mountId, device }: FileStatus): boolean {
    const home = this.#home;
    return mountId === home.mountId && device.major === home.device.major &&
      device.minor === home.device.minor;
  }
}

function openRoot(path: ByteString): Descent {
  const open = () => new Descent(openat(AT.FDCWD, path, { flags: OPEN_DIRECTORY }), "");
  try {
    try {
      return open();
    } catch (error) {
      if (!isSyscallError(error, "EACCES")) throw error;
      return withPermissions({ directory: AT.FDCWD, name: path, permissions: 0o400 }, open);
    }
  } catch (error) {
    const directory = textFromByteString(path);
    throw new EnrootError(`Cannot read ${directory}: ${reasonOf(error)}`, { cause: error });
  }
}

function directoryOf<Content>(
  status: FileStatus,
  xattrs: Attributes["xattrs"],
): Directory<Content> {
  return { kind: "directory", ...attributesOf(status, xattrs), children: new Map() };
}

function attributesOf({ mode, mtime }: FileStatus, xattrs: Attributes["xattrs"]): Attributes {
  return { mode: mode & 0o7777, uid: 0, gid: 0, mtime, xattrs };
}

/** A file that is neither regular nor a directory. Such files have no attributes of users. */
function specialInode(
  status: FileStatus,
  readTarget: () => ByteString,
): Exclude<Inode<never>, { kind: "file" | "directory" }> {
  const attributes = attributesOf(status, null);
  const { special } = status;
  switch (status.mode & S.IFMT) {
    case S.IFLNK:
      return { kind: "symlink", ...attributes, target: readTarget() };
    case S.IFCHR:
      return { kind: "character", ...attributes, ...special };
    case S.IFBLK:
      return { kind: "block", ...attributes, ...special };
    case S.IFIFO:
      return { kind: "fifo", ...attributes };
    case S.IFSOCK:
      return { kind: "socket", ...attributes };
    default:
      throw new Error(`unknown kind of file (mode ${status.mode.toString(8)})`);
  }
}
