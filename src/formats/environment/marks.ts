/** The first line of a file: what follows is literal. */
export const VERBATIM = "# enroot-environment: verbatim";
/** The line after the last literal variable. */
export const VERBATIM_END = "# enroot-environment: end";
/**
 * What begins a further line of the value before it. A comment, so that whatever does not know of
 * it sees a value cut at its first line, and not a variable that no image has.
 */
export const NEXT_LINE = "#|";
