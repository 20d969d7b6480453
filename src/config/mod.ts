/**
 * Configuration: the settings in force, and the files of /etc/enroot and the user's directory.
 *
 * Defaults, enroot.conf, the environment, a script's directives and command-line options become one
 * `Settings` record, read once per command. This room never writes files; it makes the directories
 * that commands work in when they ask for them.
 */
export { ensureDirectory, ensureRuntimeDirectory } from "./directories.ts";
export { confFilePath, type LoadOptions, loadSettings } from "./load_settings.ts";
export {
  type EffectiveFile,
  effectiveFiles,
  embeddedFile,
  type SearchOptions,
} from "./search_path.ts";
export type { Settings } from "./settings.ts";
