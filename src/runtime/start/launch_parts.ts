import type { HookLibrary } from "../hook/hook.ts";
import type { InterimService } from "../image/server/interim_service.ts";
import type { ServerBroker } from "../image/server_broker.ts";

/** What has been loaded or started for a launch. */
export interface LaunchParts {
  hooks: HookLibrary;
  /** The process that serves the plan's image first; null for none. */
  interim: InterimService | null;
  /** What starts the servers of further images; null where no plan can ask for one. */
  broker: ServerBroker | null;
}
