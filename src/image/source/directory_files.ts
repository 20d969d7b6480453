import { type FileSet, readFile } from "./file_set.ts";

/** The files below a directory. */
export function directoryFiles(path: string): FileSet {
  return {
    path,
    async size(name) {
      try {
        const info = await Deno.stat(`${path}/${name}`);
        return info.isFile ? info.size : null;
      } catch (error) {
        if (error instanceof Deno.errors.NotFound) return null;
        throw error;
      }
    },
    stream: (name) => readFile(`${path}/${name}`),
    [Symbol.dispose]() {},
  };
}
