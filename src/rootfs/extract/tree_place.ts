import type { ByteString } from "../../bytes/mod.ts";

/**
 * A directory by its place in a tree. There is one object for each directory; its path is put
 * together only when it is wanted, because a text for each would make the paths of directories that
 * lie in each other take the square of their number.
 */
export interface TreePlace {
  /** Empty for the root. */
  readonly name: ByteString;
  /** Null for the root. */
  readonly parent: TreePlace | null;
  /** How many directories below the root. */
  readonly depth: number;
  /** Bytes of the path from the root. */
  readonly pathLength: number;
}

/** The root of a tree. */
export function rootPlace(): TreePlace {
  return { name: "", parent: null, depth: 0, pathLength: 0 };
}

/** A directory in another. */
export function placeIn(parent: TreePlace, name: ByteString): TreePlace {
  const pathLength = parent.depth === 0 ? name.length : parent.pathLength + 1 + name.length;
  return { name, parent, depth: parent.depth + 1, pathLength };
}

/** The path of a directory, or of a file in it, from the root. */
export function pathOfPlace(place: TreePlace, name?: ByteString): ByteString {
  const names: ByteString[] = name === undefined ? [] : [name];
  for (let at = place; at.parent !== null; at = at.parent) names.push(at.name);
  return names.reverse().join("/");
}
