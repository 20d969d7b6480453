import { EnrootError } from "../diagnostics/mod.ts";
import { type OwnedFd, reasonOf } from "../linux/mod.ts";
import { temporaryName } from "./abandoned.ts";
import { DirectoryHandle } from "./directory_handle.ts";
import { onTermination } from "./temporary.ts";

/** A file for what this process alone has to do with. It is gone when disposed of. */
export interface ScratchFile extends Disposable {
  /** By which it can be opened, any number of times, in this process. */
  readonly path: string;
}

/**
 * Makes an empty file in a directory. It has no name: whatever becomes of the process leaves nothing
 * behind, and others have nothing to swap.
 *
 * @throws {EnrootError} when it cannot be made
 */
export function scratchFile(directory: string, { prefix }: { prefix: string }): ScratchFile {
  try {
    using handle = new DirectoryHandle(directory);
    const name = temporaryName(prefix);
    const file = handle.create(name);
    const path = `/proc/self/fd/${file.fd}`;
    if (!isThere(path)) return namedFile(file, `${directory}/${name}`);
    handle.remove(name);
    return { path, [Symbol.dispose]: () => file[Symbol.dispose]() };
  } catch (cause) {
    throw new EnrootError(`Cannot create a file in ${directory}: ${reasonOf(cause)}`, { cause });
  }
}

/** Where there is no /proc, it takes a name to open a file again. */
function namedFile(file: OwnedFd, path: string): ScratchFile {
  const remove = () => Deno.removeSync(path);
  const termination = onTermination(remove);
  return {
    path,
    [Symbol.dispose]() {
      remove();
      termination[Symbol.dispose]();
      file[Symbol.dispose]();
    },
  };
}

function isThere(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch {
    return false;
  }
}
