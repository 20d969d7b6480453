import {
  CLONE,
  containerFilterRows,
  dropCapabilitiesRows,
  noNewPrivilegesRow,
  type Syscall,
} from "../../linux/mod.ts";
import type { StartPlan } from "../plan/plan.ts";

/**
 * Rows that take from a process what a container's may not have. (To be made while the host's
 * `/proc` is there.)
 */
export function privilegeRows(
  { namespaces, identity }: {
    namespaces: Pick<StartPlan["namespaces"], "user">;
    identity: Pick<StartPlan["identity"], "uid">;
  },
): Syscall[] {
  return [
    // Linux before 4.6 has none.
    { name: "unshare", arguments: [CLONE.NEWCGROUP], ignoreError: true },
    noNewPrivilegesRow(),
    ...containerFilterRows({ fakeOwnership: namespaces.user }),
    ...(identity.uid === 0 ? [] : dropCapabilitiesRows()),
  ];
}
