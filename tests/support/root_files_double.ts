import type { ByteString } from "../../src/bytes/mod.ts";
import type { FileStatus, RootFiles } from "../../src/runtime/root/readable_files.ts";

/** A node of a {@link filesDouble}: a regular file, a directory, a symbolic link, or a device. */
export type DoubleNode =
  | { readonly kind: "file"; readonly content: ByteString; readonly mode: number }
  | { readonly kind: "directory"; readonly mode: number }
  | { readonly kind: "link"; readonly target: ByteString }
  | { readonly kind: "other"; readonly mode: number };

/**
 * Files in memory, to test hooks with.
 *
 * `nodes` maps absolute paths to what is there; it shows what a hook did.
 */
export interface FilesDouble extends RootFiles {
  readonly nodes: Map<ByteString, DoubleNode>;
  /** The paths written to, in order. */
  readonly writes: ByteString[];
}

/**
 * Makes files: a string is the content of a regular file (mode 0644); a path that ends in `/` is a
 * directory (mode 0755) whatever the value; directories above are made.
 */
export function filesDouble(
  initial: Record<ByteString, ByteString | DoubleNode> = {},
): FilesDouble {
  const nodes = new Map<ByteString, DoubleNode>([["/", { kind: "directory", mode: 0o755 }]]);
  const writes: ByteString[] = [];

  /** The path with links resolved; null when something is missing, `path` itself unless it must be. */
  function resolve(path: ByteString, followLast: boolean, links = 0): ByteString | null {
    if (links > 40) return null;
    let here = "/";
    const names = path.split("/").filter((name) => name !== "" && name !== ".");
    for (const [index, name] of names.entries()) {
      if (name === "..") {
        here = parentOf(here);
        continue;
      }
      const next = here === "/" ? `/${name}` : `${here}/${name}`;
      const node = nodes.get(next);
      const isLast = index === names.length - 1;
      if (node?.kind === "link" && (!isLast || followLast)) {
        const base = node.target.startsWith("/") ? "" : `${here}/`;
        const rest = names.slice(index + 1).join("/");
        return resolve(`${base}${node.target}/${rest}`, followLast, links + 1);
      }
      if (node === undefined && !isLast) return null;
      here = next;
    }
    return here;
  }

  function nodeAt(path: ByteString): DoubleNode | null {
    const found = resolve(path, true);
    return found === null ? null : nodes.get(found) ?? null;
  }

  function put(path: ByteString, node: DoubleNode): void {
    const found = resolve(path, false);
    if (found === null || nodes.get(parentOf(found))?.kind !== "directory") {
      throw new Error(`no directory for ${path}`);
    }
    if (nodes.get(found)?.kind === "directory") throw new Error(`${path} is a directory`);
    nodes.set(found, node);
    writes.push(found);
  }

  function makeDirectories(path: ByteString, mode: number): void {
    const names = path.split("/").filter((name) => name !== "");
    for (let count = 1; count <= names.length; count++) {
      const part = `/${names.slice(0, count).join("/")}`;
      const found = resolve(part, true);
      if (found === null) throw new Error(`dangling link at ${part}`);
      const node = nodes.get(found);
      if (node !== undefined && node.kind !== "directory") throw new Error(`${part} is in the way`);
      if (node !== undefined) continue;
      nodes.set(found, { kind: "directory", mode: count === names.length ? mode : 0o755 });
      writes.push(found);
    }
  }

  for (const [path, value] of Object.entries(initial)) {
    if (path.endsWith("/")) {
      makeDirectories(path, 0o755);
      continue;
    }
    makeDirectories(parentOf(path), 0o755);
    put(path, typeof value === "string" ? { kind: "file", content: value, mode: 0o644 } : value);
  }
  writes.length = 0;

  return {
    nodes,
    writes,
    read(path) {
      const node = nodeAt(path);
      return node?.kind === "file" ? node.content : null;
    },
    status(path): FileStatus | null {
      const node = nodeAt(path);
      return node === null || node.kind === "link" ? null : { kind: node.kind, mode: node.mode };
    },
    readLink(path) {
      const node = nodes.get(resolve(path, false) ?? "");
      return node?.kind === "link" ? node.target : null;
    },
    realPath(path) {
      const found = resolve(path, true);
      return found !== null && nodes.has(found) ? found : null;
    },
    list(path) {
      const directory = resolve(path, true);
      if (directory === null) return [];
      const prefix = directory === "/" ? "/" : `${directory}/`;
      return [...nodes.keys()]
        .filter((key) => key.startsWith(prefix) && key !== "/")
        .map((key) => key.slice(prefix.length))
        .filter((name) => name !== "" && !name.includes("/"))
        .sort();
    },
    replace(path, content, mode) {
      put(path, { kind: "file", content, mode });
    },
    symlink(target, path) {
      put(path, { kind: "link", target });
    },
    makeDirectories,
  };
}

function parentOf(path: ByteString): ByteString {
  return path.slice(0, path.lastIndexOf("/")) || "/";
}
