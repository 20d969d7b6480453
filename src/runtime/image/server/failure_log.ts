import { logError, messageOf } from "../../../diagnostics/mod.ts";

/** So many different failures are told; a reader of a damaged tree has seen enough then. */
const MAX_TOLD = 8;

/** Makes a function that logs failures of requests: each message once, and not too many. */
export function failureLog(): (error: unknown) => void {
  const told = new Set<string>();
  return (error) => {
    const message = messageOf(error);
    if (told.size >= MAX_TOLD || told.has(message)) return;
    told.add(message);
    logError(message);
  };
}
