import type { ByteString } from "../../bytes/mod.ts";
import { NEXT_LINE, VERBATIM, VERBATIM_END } from "./marks.ts";
import { isVerbatimVariable } from "./verbatim_writer.ts";

/** An environment file taken apart. */
export interface VerbatimFile {
  /** Literal variables, in the order of the file; a name may be there again. */
  variables: [name: ByteString, value: ByteString][];
  /** What is to be read as any environment file: all of one without a mark. */
  rest: ByteString;
}

/** Takes an environment file apart. Of the literal part, lines that are no variables are dropped. */
export function readVerbatim(text: ByteString): VerbatimFile {
  if (!text.startsWith(`${VERBATIM}\n`)) return { variables: [], rest: text };
  const start = VERBATIM.length;
  const end = `${text}\n`.indexOf(`\n${VERBATIM_END}\n`, start);
  const literal = end === -1 ? text.slice(start) : text.slice(start, end);
  const rest = end === -1 ? "" : text.slice(end + VERBATIM_END.length + 2);
  const variables: VerbatimFile["variables"] = [];
  for (const lines of literal.split(/\n(?!#\|)/)) {
    if (!isVerbatimVariable(lines)) continue;
    const variable = lines.replaceAll(`\n${NEXT_LINE}`, "\n");
    const equals = variable.indexOf("=");
    variables.push([variable.slice(0, equals), variable.slice(equals + 1)]);
  }
  return { variables, rest };
}
