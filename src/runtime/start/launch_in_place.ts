import { EnrootError, logError, messageOf } from "../../diagnostics/mod.ts";
import {
  AT,
  cloneStandIn,
  inheritOnExec,
  O,
  openat,
  reasonOf,
  resetSignals,
  runSyscalls,
  type StandIn,
  type Syscall,
} from "../../linux/mod.ts";
import type { LaunchParts } from "./launch.ts";
import { namespaceFlags, namespaceRows, remedyForNamespaces } from "../process/namespaces.ts";
import type { StartPlan } from "../plan/plan.ts";
import { reportStyle } from "../process/report_style.ts";
import { enterContainer } from "./container_init.ts";

/**
 * Has a stand-in carry a plan out in its namespaces, which this process then joins.
 *
 * @throws {EnrootError} when there can be no such namespaces; what else fails is told by the stand-in
 */
export function launchInPlace(
  plan: StartPlan,
  parts: LaunchParts,
): never {
  // It may be replaced at any moment from here on.
  resetSignals();
  let standIn: StandIn;
  try {
    standIn = cloneStandIn(namespaceFlags(plan));
  } catch (error) {
    throw new EnrootError(
      `Cannot create namespaces: ${reasonOf(error)}${remedyForNamespaces()}`,
      { cause: error },
    );
  }
  try {
    prepareNamespaces(plan);
    const namespaces = openNamespaces(plan);
    const command = enterContainer(plan, parts);
    if (command === null) standIn.exit(0);
    const { rows, environment } = command;
    standIn.handOver([...joinRows(namespaces), ...rows], reportStyle(), {
      environment,
    });
  } catch (error) {
    logError(messageOf(error));
    standIn.exit(1);
  }
}

function prepareNamespaces(plan: StartPlan): void {
  try {
    runSyscalls(namespaceRows(plan));
  } catch (error) {
    throw new EnrootError(`${messageOf(error)}${remedyForNamespaces()}`, { cause: error });
  }
}

/** Descriptors of the namespaces that were made, by name. Here, where the host's `/proc` is. */
function openNamespaces({ namespaces }: StartPlan): Map<string, number> {
  const { user, net, ipc, uts } = namespaces;
  const made = Object.entries({ user, mnt: true, net, ipc, uts });
  return new Map(
    made.filter(([, isMade]) => isMade)
      .map(([name]) => [name, openat(AT.FDCWD, `/proc/self/ns/${name}`, { flags: O.RDONLY })]),
  );
}

/** Rows that join namespaces. Only now may the descriptors be inherited: they keep mounts alive. */
function joinRows(namespaces: ReadonlyMap<string, number>): Syscall[] {
  return [...namespaces].flatMap(([name, fd]): Syscall[] => {
    inheritOnExec(fd);
    return [
      { name: "setns", arguments: [fd, 0], failure: `Cannot join the ${name} namespace` },
      { name: "close", arguments: [fd], ignoreError: true },
    ];
  });
}
