import type { Settings } from "../config/mod.ts";
import type { Identity } from "../runtime/mod.ts";

/** The user that starts a container, and its ids inside. */
export interface Caller {
  identity: Identity;
  /** Whether the host's superuser may use its powers: there is no user namespace then. */
  superuser: boolean;
}

/** The caller of this process, under these settings. */
export function callerOf(settings: Settings): Caller {
  const hostUid = Deno.uid() ?? 0;
  const hostGid = Deno.gid() ?? 0;
  const superuser = settings.allowSuperuser && hostUid === 0;
  const toRoot = settings.remapRoot && !superuser;
  return {
    identity: { hostUid, hostGid, uid: toRoot ? 0 : hostUid, gid: toRoot ? 0 : hostGid },
    superuser,
  };
}
