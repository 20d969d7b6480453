/** How to run this very program again. */
export interface Program {
  /** The executable's path. */
  readonly path: string;
  /**
   * The executable itself, open in the process that has made this and in its forks: by its path
   * another one can be found a moment later, as packages are upgraded.
   */
  readonly file: number;
  /** What goes before the program's own arguments (none for a compiled executable). */
  readonly arguments: readonly string[];
}
