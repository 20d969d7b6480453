/**
 * The variables of an image in `/etc/environment`, such that what an image says is what its
 * containers get: nothing of the host takes part in it.
 *
 * The file is one of plain `NAME=VALUE` lines for everything else that reads it (pam_env(8), other
 * programs that start containers), whose rules differ in what they do with `${NAME}`, quotes and
 * line ends.
 */
export { formatVerbatim, isVerbatimVariable } from "./verbatim_writer.ts";
export { readVerbatim, type VerbatimFile } from "./verbatim_reader.ts";
