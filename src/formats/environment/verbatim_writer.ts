import type { ByteString } from "../../bytes/mod.ts";
import { NEXT_LINE, VERBATIM, VERBATIM_END } from "./marks.ts";

/**
 * Whether a text is a variable that a file can hold: `NAME=VALUE` with a name, which may be anything
 * of one line that does not make a comment of it.
 */
export function isVerbatimVariable(text: ByteString): boolean {
  return /^[^#=\n\0][^=\n\0]*=[^\0]*$/.test(text);
}

/**
 * A file of these variables, which lines may be added to that mean what they mean in any other
 * environment file. It is empty if there are no variables.
 *
 * @param variables each of which {@link isVerbatimVariable}
 */
export function formatVerbatim(variables: readonly ByteString[]): ByteString {
  if (variables.length === 0) return "";
  const lines = variables.map((variable) => variable.replaceAll("\n", `\n${NEXT_LINE}`));
  return `${[VERBATIM, ...lines, VERBATIM_END].join("\n")}\n`;
}
