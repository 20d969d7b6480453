import type { ByteString } from "../bytes/mod.ts";
import type { Directory, Inode } from "./node.ts";

/** A file of a tree and its path from the root, without a leading slash; the root's is empty. */
export interface Visit<Content> {
  path: ByteString;
  inode: Inode<Content>;
}

/**
 * Visits every name of a tree, a directory before its children, the children in byte order. A file
 * with several names is visited as often.
 */
export function* walk<Content>(root: Directory<Content>): Generator<Visit<Content>> {
  const pending: Visit<Content>[] = [{ path: "", inode: root }];
  for (let visit = pending.pop(); visit !== undefined; visit = pending.pop()) {
    yield visit;
    if (visit.inode.kind !== "directory") continue;
    const prefix = visit.path === "" ? "" : `${visit.path}/`;
    const names = [...visit.inode.children.keys()].sort().reverse();
    for (const name of names) {
      const inode = visit.inode.children.get(name);
      if (inode !== undefined) pending.push({ path: prefix + name, inode });
    }
  }
}
