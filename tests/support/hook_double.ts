import type { HookContext } from "../../src/runtime/hook/hook.ts";
import { type DoubleNode, type FilesDouble, filesDouble } from "./root_files_double.ts";

type Files = Record<string, string | DoubleNode>;

/** The parts of a context that a test cares about. */
export interface HookSituation
  extends Partial<Pick<HookContext, "uid" | "gid" | "hostUid" | "hostGid">> {
  readonly remapRoot?: boolean;
  readonly restrictDev?: boolean;
  readonly mountHome?: boolean;
  readonly unshareIpc?: boolean;
  readonly environment?: Record<string, string>;
  readonly hostEnvironment?: Record<string, string>;
  readonly passwd?: HookContext["host"]["passwd"];
  readonly group?: HookContext["host"]["group"];
  readonly terminal?: string;
  /** The container's files. */
  readonly files?: Files;
  /** The host's files. */
  readonly hostFiles?: Files;
}

/** A context that records what a hook does. */
export interface HookDouble extends HookContext {
  readonly files: FilesDouble;
  /** The fstab lines asked for at once, and for later. */
  readonly mountsNow: string[];
  readonly mountsLater: string[];
}

/** A context for the user tester (1001) and a container at `/data/c`. */
export function hookDouble(situation: HookSituation = {}): HookDouble {
  const mountsNow: string[] = [];
  const mountsLater: string[] = [];
  return {
    uid: 1001,
    gid: 1001,
    hostUid: 1001,
    hostGid: 1001,
    rootfs: "/data/c",
    remapRoot: false,
    restrictDev: false,
    mountHome: false,
    unshareIpc: false,
    ...situation,
    host: {
      environment: new Map(Object.entries(situation.hostEnvironment ?? {})),
      passwd: situation.passwd ?? null,
      group: situation.group ?? null,
      terminal: situation.terminal ?? null,
      files: filesDouble(situation.hostFiles),
    },
    environment: new Map(Object.entries(situation.environment ?? {})),
    files: filesDouble(situation.files),
    mountsNow,
    mountsLater,
    mountNow: (line) => void mountsNow.push(line),
    mountLater: (line) => void mountsLater.push(line),
  };
}
