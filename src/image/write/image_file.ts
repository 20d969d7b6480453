import type { SquashfsOutput } from "../../formats/squashfs/mod.ts";
import { absolutePath, NewFile } from "../../store/mod.ts";

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
  using file = new NewFile(absolutePath(path), { prefix: ".enroot-image.", force });
  await write(file);
  file.publish();
}
