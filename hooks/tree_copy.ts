import type { ByteString } from "../src/bytes/mod.ts";
import type { RootFiles } from "../src/runtime/hook.ts";

// Links are followed, so a tree can contain itself.
const MAX_DEPTH = 16;
const MAX_FILES = 4096;

/**
 * Copies the regular files and directories of one directory into another that exists, following
 * links and keeping modes, as `cp -Lpr` does. What lies beyond sensible bounds is left out.
 */
export function copyTree(files: RootFiles, from: ByteString, to: ByteString): void {
  const pending = [{ from, to, depth: 0 }];
  let count = 0;
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    for (const name of files.list(next.from)) {
      const source = `${next.from}/${name}`;
      const target = `${next.to}/${name}`;
      const status = files.status(source);
      if (status === null || ++count > MAX_FILES) continue;
      if (status.kind === "directory" && next.depth < MAX_DEPTH) {
        files.makeDirectories(target, status.mode);
        pending.push({ from: source, to: target, depth: next.depth + 1 });
      } else if (status.kind === "file") {
        const content = files.read(source);
        if (content !== null) files.replace(target, content, status.mode);
      }
    }
  }
}
