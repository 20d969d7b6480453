/**
 * Something that cannot be put into a tree, or a path that cannot name anything in one. The message
 * is the reason alone; who builds the tree says what it was doing.
 */
export class TreeError extends Error {
  override name = "TreeError";
}
