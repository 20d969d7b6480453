import { basename, dirname } from "@std/path";
import { type ByteString, byteStringFromText } from "../bytes/mod.ts";
import { EnrootError } from "../diagnostics/mod.ts";
import {
  ftruncate,
  isSyscallError,
  type OwnedFd,
  pread,
  pwrite,
  reasonOf,
  statusOf,
} from "../linux/mod.ts";
import { removeAbandoned, temporaryName } from "./abandoned.ts";
import { DirectoryHandle } from "./directory_handle.ts";
import { setMode } from "./file_mode.ts";
import { lockFile } from "./lock.ts";
import { onTermination } from "./temporary.ts";

/** Where to make a file. */
export interface NewFileOptions {
  /** What the name begins with that it has until it is published. */
  prefix: string;
  /** Whether it replaces a file that exists. */
  force: boolean;
}

/**
 * A file in the making: it has its name only when it is whole. Until then it has a hidden one beside
 * that, which is gone when this is disposed of or a signal ends the program.
 *
 * Others may be able to write to the directory. So everything but giving names is done through the
 * descriptor of the file that was made, and never to what has its name.
 */
export class NewFile implements Disposable {
  readonly #target: string;
  readonly #force: boolean;
  readonly #directory: DirectoryHandle;
  readonly #name: ByteString;
  readonly #finalName: ByteString;
  readonly #file: OwnedFd;
  readonly #termination: Disposable;
  #published = false;

  /**
   * @param target an absolute path
   * @throws {EnrootError} `File already exists: TARGET`
   */
  constructor(target: string, { prefix, force }: NewFileOptions) {
    this.#target = target;
    this.#force = force;
    this.#name = temporaryName(prefix);
    this.#finalName = byteStringFromText(basename(target));
    this.#directory = this.#writing(() => new DirectoryHandle(dirname(target)));
    // First of all, so that there is no moment in which a signal would leave it behind.
    this.#termination = onTermination(() => this.#remove());
    try {
      this.#file = this.#writing(() => {
        if (!force && this.#directory.statusOf(this.#finalName) !== null) {
          throw alreadyExists(target);
        }
        return this.#directory.create(this.#name);
      });
    } catch (error) {
      this.#termination[Symbol.dispose]();
      this.#directory[Symbol.dispose]();
      throw error;
    }
    lockFile(this.#file.fd);
    removeAbandoned(this.#directory, { prefix, now: statusOf(this.#file.fd).mtime });
  }

  [Symbol.dispose](): void {
    if (!this.#published) this.#remove();
    this.#termination[Symbol.dispose]();
    this.#file[Symbol.dispose]();
    this.#directory[Symbol.dispose]();
  }

  /** Writes bytes at an offset. @throws {EnrootError} */
  write(bytes: Uint8Array, offset: number): void {
    this.#writing(() => pwrite(this.#file.fd, bytes, { offset }));
  }

  /** Fills `into` with what was written at an offset. @throws {EnrootError} */
  read(into: Uint8Array, offset: number): void {
    const length = this.#writing(() => pread(this.#file.fd, into, { offset }));
    if (length < into.length) {
      throw new EnrootError(`Cannot write ${this.#target}: unexpected end of file`);
    }
  }

  /** Sets the size, in bytes. @throws {EnrootError} */
  truncate(size: number): void {
    this.#writing(() => ftruncate(this.#file.fd, size));
  }

  /**
   * Gives the file its name, in one step, and the permissions that the umask leaves.
   *
   * @throws {EnrootError} `File already exists: TARGET`
   */
  publish(): void {
    this.#writing(() => {
      setMode(this.#file.fd, 0o666 & ~Deno.umask());
      if (!this.#directory.holds(this.#name, this.#file.fd)) {
        const { path } = this.#directory;
        throw new EnrootError(
          `Cannot write ${this.#target}: another process has replaced the temporary file in ${path}`,
        );
      }
      this.#directory.rename(this.#name, this.#finalName, { replace: this.#force });
    });
    this.#published = true;
  }

  #remove(): void {
    try {
      this.#directory.remove(this.#name);
    } catch {
      // Gone already, or another user's by now.
    }
  }

  /** What goes wrong in `action` is about this file. */
  #writing<Result>(action: () => Result): Result {
    try {
      return action();
    } catch (cause) {
      if (cause instanceof EnrootError) throw cause;
      if (isSyscallError(cause, "EEXIST")) throw alreadyExists(this.#target);
      throw new EnrootError(`Cannot write ${this.#target}: ${reasonOf(cause)}`, { cause });
    }
  }
}

function alreadyExists(path: string): EnrootError {
  return new EnrootError(`File already exists: ${path}`);
}
