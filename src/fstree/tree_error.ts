/**
 * Something that cannot be put into a tree, or a path that cannot name anything in one. The message
 * is the reason alone; the builder of the tree says what it was doing.
 */
export class TreeError extends Error {
  override name = "TreeError";
}
