import type { Settings } from "../config/mod.ts";
import type { HookLibrary } from "../runtime/mod.ts";

/** What every command is given besides its own options. */
export interface Context {
  settings: Settings;
  /** The environment the program was started with; variables that are not UTF-8 are absent. */
  environment: Record<string, string>;
  /** Loads the hooks that come with the program. */
  hooks: () => Promise<HookLibrary>;
}
