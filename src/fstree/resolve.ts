import type { ByteString } from "../bytes/mod.ts";
import type { FollowedNames } from "./followed_names.ts";
import type { Directory, Inode } from "./node.ts";
import { RememberedDirectory } from "./remembered_directory.ts";
import { TreeError } from "./tree_error.ts";

/** As many symbolic links as Linux follows on one path (path_resolution(7)). */
const MAX_LINKS = 40;
/** As many directories as a path can have within PATH_MAX; symbolic links could lead deeper. */
const MAX_DEPTH = 2048;

/** A directory and the way to it. */
export interface Resolved<Content> {
  directory: Directory<Content>;
  /** From the root down; the last one is `directory`. */
  chain: Directory<Content>[];
  /** The name of each directory of the chain but the root in the one before it. */
  names: ByteString[];
}

/** What may be done where a way does not lead on. Either gives the directory to go on with. */
export interface Detours<Content> {
  /** There is nothing of that name. Without this, the way ends. */
  missing?: (parent: Directory<Content>, name: ByteString) => Directory<Content>;
  /**
   * The file of that name is no directory, or a symbolic link that leads to none. Without this, or
   * where it gives null, that is an error.
   */
  blocked?: (parent: Directory<Content>, name: ByteString) => Directory<Content> | null;
}

/** How a path is followed. */
export interface FollowOptions<Content> extends Detours<Content> {
  /** Counts what symbolic links bring; without it they may bring what Linux would follow. */
  followed?: FollowedNames;
}

/** A symbolic link on the path that is being followed, and the way to it. */
interface FollowedLink<Content> {
  chain: Directory<Content>[];
  names: ByteString[];
  name: ByteString;
  /** How many names were pending behind it. */
  pending: number;
}

/**
 * Follows names to a directory, through symbolic links, as a process would whose root directory is
 * the tree's: neither an absolute link nor `..` leads out of it.
 *
 * @returns null where there is nothing, and nothing is to be done about it
 * @throws {TreeError} when the way leads through something that is no directory, or does not end
 */
export function resolveDirectory<Content>(
  root: Directory<Content>,
  path: readonly ByteString[],
  { missing, blocked, followed }: FollowOptions<Content> = {},
): Resolved<Content> | null {
  let chain = [root];
  let names: ByteString[] = [];
  const pending = path.toReversed();
  let directory = root;
  let links = 0;
  /** The link of the path itself, not one that it leads through. */
  let link: FollowedLink<Content> | null = null;

  const enter = (next: Directory<Content>, name: ByteString) => {
    if (chain.length >= MAX_DEPTH) throw new TreeError("too many levels of directories");
    chain.push(next);
    names.push(name);
    directory = next;
  };
  const goRound = (name: ByteString, problem: string) => {
    const place = link ?? { chain, names, name, pending: pending.length };
    const next = blocked?.(place.chain.at(-1) ?? root, place.name);
    if (next === undefined || next === null) throw new TreeError(problem);
    chain = place.chain;
    names = place.names;
    pending.length = place.pending;
    enter(next, place.name);
  };

  for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
    if (link !== null && pending.length < link.pending) link = null;
    if (name === "" || name === ".") continue;
    if (name === "..") {
      if (names.length > 0) {
        chain.pop();
        names.pop();
        directory = chain.at(-1) ?? root;
      }
      continue;
    }
    let next = directory.children.get(name);
    if (next === undefined) {
      if (missing === undefined) return null;
      next = missing(directory, name);
    }
    if (next.kind === "symlink") {
      link ??= { chain: [...chain], names: [...names], name, pending: pending.length };
      const parts = next.target.split("/");
      followed?.take(parts.length);
      if (++links > MAX_LINKS) {
        goRound(name, "too many levels of symbolic links");
        continue;
      }
      if (next.target.startsWith("/")) {
        chain.length = 1;
        names.length = 0;
        directory = root;
      }
      for (let index = parts.length - 1; index >= 0; index--) pending.push(parts[index] ?? "");
    } else if (next.kind === "directory") {
      enter(next, name);
    } else {
      goRound(name, `${[...names, name].join("/")} is not a directory`);
    }
  }
  return { directory, chain, names };
}

/** What one lookup has for the next. */
export interface LookupOptions<Content> {
  /** Remembers the directory. */
  last?: RememberedDirectory<Content>;
  /** See {@link FollowOptions}. */
  followed?: FollowedNames;
}

/**
 * The file a path names, or undefined. A symbolic link at the end of the path is not followed, one on
 * the way is.
 *
 * @throws {TreeError} as {@link resolveDirectory} does
 */
export function lookup<Content>(
  root: Directory<Content>,
  path: readonly ByteString[],
  { last = new RememberedDirectory(), followed }: LookupOptions<Content> = {},
): Inode<Content> | undefined {
  const name = path.at(-1);
  if (name === undefined) return root;
  const parent = path.slice(0, -1);
  let found = last.find(parent);
  if (found === null) {
    found = resolveDirectory(root, parent, followed === undefined ? {} : { followed });
    if (found === null) return undefined;
    last.remember(parent, found);
  }
  return found.directory.children.get(name);
}
