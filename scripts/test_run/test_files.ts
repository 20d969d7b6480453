/** Which files hold tests, and which of them want the machine for themselves. */
import { basename, join } from "node:path";

/** A file of tests. */
export interface TestFile {
  path: string;
  /** Why no other file may run at the same time; undefined if it does not matter. */
  alone: string | undefined;
}

const PASSED_OVER = new Set([".git", "dist", "fixtures", "node_modules"]);

/** The line by which a file says that it has to run alone, and why. */
const ALONE = /^\/\/ Runs alone: (.+)$/m;

/**
 * The files of tests at or below these paths, those that take longest first.
 *
 * @throws {Deno.errors.NotFound} if there is no such path
 */
export function findTestFiles(paths: readonly string[]): TestFile[] {
  const found = [...new Set(paths.flatMap((path) => filesAt(path)))];
  // Tests of the whole program take longer than those of a module.
  const [long, short] = [true, false].map((isLong) =>
    found.filter((path) => /(?:^|\/)tests\//.test(path) === isLong).sort()
  );
  return [...long ?? [], ...short ?? []].map((path) => ({
    path,
    alone: ALONE.exec(Deno.readTextFileSync(path))?.[1],
  }));
}

/** A file that is named is taken whatever it is called. */
function filesAt(path: string): string[] {
  return Deno.statSync(path).isDirectory ? [...filesBelow(path)] : [path];
}

function* filesBelow(directory: string): Generator<string> {
  for (const entry of Deno.readDirSync(directory)) {
    if (PASSED_OVER.has(basename(entry.name))) continue;
    const path = join(directory, entry.name);
    if (entry.isDirectory) yield* filesBelow(path);
    else if (path.endsWith("_test.ts")) yield path;
  }
}
