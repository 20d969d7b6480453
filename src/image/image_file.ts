import { dirname } from "@std/path";
import { EnrootError, messageOf } from "../diagnostics/mod.ts";
import type { SquashfsOutput } from "../formats/squashfs/mod.ts";
import { absolutePath, temporaryFile } from "../store/mod.ts";

export interface ImageFileOptions {
  /** Whether a file that exists is replaced. */
  force: boolean;
  /** Writes the image; it is complete when the promise resolves. */
  write(output: SquashfsOutput): Promise<void>;
}

/**
 * Writes an image file that has its name only when it is whole: until then it is a temporary file
 * beside it, which is gone if anything fails or a signal ends the program.
 *
 * @throws {EnrootError} `File already exists: PATH`, before anything is written
 */
export async function writeImageFile(
  path: string,
  { force, write }: ImageFileOptions,
): Promise<void> {
  const target = absolutePath(path);
  if (!force && exists(target)) throw alreadyExists(target);
  using temporary = writing(
    target,
    () => temporaryFile({ directory: dirname(target), prefix: ".enroot-image." }),
  );
  using file = Deno.openSync(temporary.path, { read: true, write: true });
  await write(fileOutput(file, target));
  writing(target, () => {
    Deno.chmodSync(temporary.path, 0o666 & ~Deno.umask());
    // Somebody may have made it meanwhile.
    if (!force && exists(target)) throw alreadyExists(target);
    Deno.renameSync(temporary.path, target);
  });
  temporary.keep();
}

/** What goes wrong in `action` is about this file. */
function writing<Result>(target: string, action: () => Result): Result {
  try {
    return action();
  } catch (cause) {
    if (cause instanceof EnrootError) throw cause;
    const reason = messageOf(cause).replace(/ \(os error [0-9]+\).*$/, "");
    throw new EnrootError(`Cannot write ${target}: ${reason}`, { cause });
  }
}

function alreadyExists(path: string): EnrootError {
  return new EnrootError(`File already exists: ${path}`);
}

function exists(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** Positions are kept here, so that writing one piece after the other takes one call each. */
function fileOutput(file: Deno.FsFile, target: string): SquashfsOutput {
  let position = 0;
  const seek = (offset: number) => {
    if (offset !== position) position = file.seekSync(offset, Deno.SeekMode.Start);
  };
  return {
    write: (bytes, offset) =>
      writing(target, () => {
        seek(offset);
        for (let at = 0; at < bytes.length;) at += file.writeSync(bytes.subarray(at));
        position += bytes.length;
      }),
    read(into, offset) {
      seek(offset);
      for (let at = 0; at < into.length;) {
        const count = file.readSync(into.subarray(at));
        if (count === null) throw new EnrootError("Cannot read image: unexpected end of file");
        at += count;
      }
      position += into.length;
    },
    truncate: (size) => writing(target, () => file.truncateSync(size)),
  };
}
