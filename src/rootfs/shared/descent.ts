import type { ByteString } from "../../bytes/mod.ts";
import { close, descriptorLimit, fileIdentity, O, openat, statusOf } from "../../linux/mod.ts";

/** How many directories of one walk are open at a time, however deep it goes. */
const OPEN_LIMIT = 64;
/** Which part of the descriptors that the process may have is for one walk: workers walk as well. */
const SHARE = 8;

interface Level {
  name: ByteString;
  directory:
    | { open: true; fd: number }
    /** Closed to save descriptors; it is opened again as its child's `..`. */
    | { open: false; identity: string };
}

/**
 * The chain of directories from the root of a walk down to where it is. Never uses a path, so that
 * depth is not limited by PATH_MAX and nothing on the way can be replaced by a symbolic link.
 */
export class Descent implements Disposable {
  readonly #ancestors: Level[] = [];
  readonly #openLimit = Math.max(2, Math.min(OPEN_LIMIT, Math.floor(descriptorLimit() / SHARE)));
  #name: ByteString;
  #fd: number;

  /** Starts at a directory, whose descriptor is closed with the descent. */
  constructor(root: number, path: ByteString) {
    this.#name = path;
    this.#fd = root;
  }

  /** The directory where the walk is. */
  get fd(): number {
    return this.#fd;
  }

  /** How many directories below the root of the walk. */
  get depth(): number {
    return this.#ancestors.length;
  }

  /** The path to the current directory or to a name in it, for messages. */
  pathOf(name?: ByteString): ByteString {
    const names = [...this.#ancestors.map((level) => level.name), this.#name];
    if (name !== undefined) names.push(name);
    return names.join("/");
  }

  /** Opens the directory `name` of the current one, never through a link, and goes there. */
  enter(name: ByteString): void {
    const fd = openat(this.#fd, name, { flags: O.RDONLY | O.DIRECTORY | O.NOFOLLOW });
    this.#ancestors.push({ name: this.#name, directory: { open: true, fd: this.#fd } });
    this.#name = name;
    this.#fd = fd;
    const oldest = this.#ancestors[this.#ancestors.length - this.#openLimit];
    if (oldest?.directory.open) oldest.directory = closed(oldest.directory.fd);
  }

  /**
   * Goes back to the parent.
   *
   * @returns the name of the directory left
   * @throws {Error} when it has been moved to another parent in the meantime
   */
  leave(): ByteString {
    const parent = this.#ancestors[this.#ancestors.length - 1];
    if (parent === undefined) throw new RangeError("already at the root of the walk");
    const fd = parent.directory.open
      ? parent.directory.fd
      : openParent(this.#fd, parent.directory.identity);
    this.#ancestors.pop();
    close(this.#fd);
    const left = this.#name;
    this.#name = parent.name;
    this.#fd = fd;
    return left;
  }

  [Symbol.dispose](): void {
    close(this.#fd);
    for (const { directory } of this.#ancestors) {
      if (directory.open) close(directory.fd);
    }
  }
}

function closed(fd: number): Level["directory"] {
  const identity = fileIdentity(statusOf(fd));
  close(fd);
  return { open: false, identity };
}

function openParent(fd: number, expected: string): number {
  const parent = openat(fd, "..", { flags: O.RDONLY | O.DIRECTORY });
  if (fileIdentity(statusOf(parent)) !== expected) {
    close(parent);
    throw new Error("a directory was moved while it was being walked");
  }
  return parent;
}
