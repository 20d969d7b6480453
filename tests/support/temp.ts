/** Temporary files of tests: gone when they are disposed of. */

/** A temporary file or directory. */
export interface TemporaryPath extends Disposable {
  readonly path: string;
}

/** Makes an empty directory; in TMPDIR unless another is said. */
export function makeTemporaryDirectory(options: Deno.MakeTempOptions = {}): TemporaryPath {
  return temporaryPath(Deno.makeTempDirSync(options));
}

/** Makes an empty file; in TMPDIR unless another is said. */
export function makeTemporaryFile(options: Deno.MakeTempOptions = {}): TemporaryPath {
  return temporaryPath(Deno.makeTempFileSync(options));
}

/** Runs something with an empty directory, which is removed afterwards. */
export async function inTemporaryDirectory(
  action: (path: string) => void | Promise<void>,
): Promise<void> {
  using directory = makeTemporaryDirectory();
  await action(directory.path);
}

function temporaryPath(path: string): TemporaryPath {
  return { path, [Symbol.dispose]: () => removeTree(path) };
}

/** Removes a directory although there may be directories in it that let nobody in, or a file. */
export function removeTree(path: string): void {
  try {
    Deno.removeSync(path, { recursive: true });
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return;
    new Deno.Command("chmod", { args: ["-R", "u+rwX", path], stderr: "null" }).outputSync();
    Deno.removeSync(path, { recursive: true });
  }
}
