import type { ByteString } from "../src/bytes/mod.ts";
import type { RootFiles } from "../src/runtime/hook/hook.ts";

// Links are followed, so a tree can contain itself.
const MAX_DEPTH = 16;
const MAX_FILES = 4096;
/** Of all files together, in bytes. */
const MAX_SIZE = 64 << 20;

/**
 * Copies the regular files and directories of one directory into another that exists, following
 * links and keeping modes, as `cp -Lpr` does. What lies beyond sensible bounds is left out.
 */
export function copyTree(files: RootFiles, from: ByteString, to: ByteString): void {
  const pending = [{ from, to, depth: 0 }];
  let count = 0;
  let size = 0;
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    for (const name of files.list(next.from)) {
      if (++count > MAX_FILES) return;
      const source = `${next.from}/${name}`;
      const target = `${next.to}/${name}`;
      const status = files.status(source);
      if (status === null) continue;
      if (status.kind === "directory" && next.depth < MAX_DEPTH) {
        files.makeDirectories(target, status.mode);
        pending.push({ from: source, to: target, depth: next.depth + 1 });
      } else if (status.kind === "file") {
        const content = files.read(source);
        if (content === null) continue;
        size += content.length;
        if (size > MAX_SIZE) return;
        files.replace(target, content, status.mode);
      }
    }
  }
}
