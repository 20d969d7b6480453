import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** Where inputs are kept that once broke a promise: a directory for each target. */
export const CRASHERS = fileURLToPath(new URL("../fixtures/crashers/", import.meta.url));

/** The files of inputs that once made a target break a promise. */
export function crashersOf(target: string): string[] {
  const directory = join(CRASHERS, target);
  try {
    return [...Deno.readDirSync(directory)].map(({ name }) => join(directory, name)).sort();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}
