/**
 * What the user is told: errors, log lines, progress; and that the user is heard in long work.
 *
 * Messages go to standard error, one line each; standard output is left to results. This room
 * depends on nothing and every other room may use it.
 */
export { EnrootError, messageOf } from "./error.ts";
export { inSlices, letEventsIn, letSignalsIn } from "./events.ts";
export { logError, logInfo, logWarning } from "./log.ts";
export { printable, printableLines, replaceUnprintable } from "./printable.ts";
export { type Progress, startProgress } from "./progress.ts";
export { writeStderr } from "./stderr.ts";
export { writeStdout } from "./stdout.ts";
