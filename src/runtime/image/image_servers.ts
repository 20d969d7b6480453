import type { InterimService } from "./server/interim_service.ts";
import type { ServerBroker } from "./server_broker.ts";

/** The processes that serve the images of a launch. */
export interface ImageServers {
  /** The process that serves the plan's image first; null for none. */
  readonly interim: InterimService | null;
  /** What starts the servers of further images; null where no plan can ask for one. */
  readonly broker: ServerBroker | null;
}
