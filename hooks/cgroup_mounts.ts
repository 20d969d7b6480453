import type { ByteString } from "../src/bytes/mod.ts";
import { unescapeFstabField } from "../src/runtime/hook/hook.ts";

/** One mount of a cgroup hierarchy, from mountinfo (proc(5)). */
export interface CgroupMount {
  /** The device number, which names the hierarchy. */
  readonly device: ByteString;
  /** What part of the hierarchy is mounted. */
  readonly root: ByteString;
  readonly mountPoint: ByteString;
  /** The controllers and the name of a version 1 hierarchy; null for version 2. */
  readonly controllers: ReadonlySet<ByteString> | null;
}

/** A process's place in one hierarchy, from `/proc/self/cgroup` (cgroups(7)). */
export interface CgroupMembership {
  /** As in {@link CgroupMount}; null for version 2. */
  readonly controllers: readonly ByteString[] | null;
  readonly path: ByteString;
}

/** The cgroup mounts among those of mountinfo, in its order. */
export function parseCgroupMounts(mountinfo: ByteString): CgroupMount[] {
  const mounts: CgroupMount[] = [];
  for (const line of mountinfo.split("\n")) {
    const separator = line.indexOf(" - cgroup");
    if (separator < 0) continue;
    const [, , device, root, mountPoint] = line.slice(0, separator).split(" ");
    const [type, , options] = line.slice(separator + 3).split(" ");
    if (device === undefined || root === undefined || mountPoint === undefined) continue;
    if (type !== "cgroup" && type !== "cgroup2") continue;
    mounts.push({
      device,
      root: unescapeFstabField(root),
      mountPoint: unescapeFstabField(mountPoint),
      controllers: type === "cgroup" ? new Set((options ?? "").split(",")) : null,
    });
  }
  return mounts;
}

/** The memberships of a process, in the order of the file. */
export function parseCgroupMemberships(text: ByteString): CgroupMembership[] {
  const memberships: CgroupMembership[] = [];
  for (const line of text.split("\n")) {
    const [, id, controllers, path] = /^([0-9]+):([^:]*):(\/.*)$/.exec(line) ?? [];
    if (id === undefined || controllers === undefined || path === undefined) continue;
    memberships.push({ controllers: controllers === "" ? null : controllers.split(","), path });
  }
  return memberships;
}

/** Whether a mount shows the hierarchy of a membership. */
export function isMountOf(mount: CgroupMount, { controllers }: CgroupMembership): boolean {
  if (controllers === null || mount.controllers === null) return controllers === mount.controllers;
  return controllers.every((name) => mount.controllers?.has(name));
}
