import type { HookLibrary } from "./hook.ts";
import type { InterimService } from "./image_server/interim_service.ts";

/** What has been loaded or started for a launch. */
export interface LaunchParts {
  hooks: HookLibrary;
  /** Who serves the plan's image first; null for nobody. */
  interim: InterimService | null;
}
