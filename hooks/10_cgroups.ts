import type { ByteString } from "../src/bytes/mod.ts";
import { escapeFstabField, type Hook, type HookContext } from "../src/runtime/hook/hook.ts";
import {
  type CgroupMount,
  isMountOf,
  parseCgroupMemberships,
  parseCgroupMounts,
} from "./cgroup_mounts.ts";

const CGROUP = "/sys/fs/cgroup";
const FLAGS = "nosuid,noexec,nodev,ro";

/** A part of a hierarchy that the container is to see. */
interface View {
  readonly mount: CgroupMount;
  /** Its path in the hierarchy, and where the host has it. */
  readonly path: ByteString;
  readonly source: ByteString;
}

/**
 * Shows the container its own part of every cgroup hierarchy, read-only, where the host has the
 * whole: version 1, version 2 and both together (cgroups(7)).
 *
 * `/sys` has been mounted by now, as a rule with the host's cgroup mounts below it. Where such a
 * mount already shows the right part it is only made read-only; they cannot be taken away, being
 * locked to the user namespace they came from (mount_namespaces(7)).
 */
export const cgroups: Hook = {
  name: "10-cgroups",
  run(context) {
    const { files, host, mountLater, rootfs } = context;
    const mounts = parseCgroupMounts(host.files.read("/proc/self/mountinfo") ?? "");
    const prefix = rootfs === "/" ? "" : rootfs;
    const isInside = (mount: CgroupMount) => mount.mountPoint.startsWith(`${prefix}/`);
    // Of mounts on top of each other the last one is seen.
    const visible = new Map(
      mounts.filter((mount) => !isInside(mount)).map((mount) => [mount.mountPoint, mount]),
    );
    const views = viewsOf(context, [...visible.values()]);
    if (views.length === 0) return;

    // A fresh sysfs offers version 2 an empty directory, and version 1 no place at all.
    const lacksPlace = views.some(({ mount }) =>
      mount.mountPoint.startsWith(`${CGROUP}/`) && files.status(mount.mountPoint) === null
    );
    if (lacksPlace) {
      mountLater(`tmpfs ${CGROUP} tmpfs x-create=dir,nosuid,noexec,nodev,mode=755`);
    }
    for (const { mount: { device, mountPoint }, path, source } of views) {
      const target = escapeFstabField(mountPoint);
      const top = lacksPlace
        ? undefined
        : mounts.findLast((mount) =>
          mount.mountPoint === `${prefix}${mountPoint}` && isInside(mount)
        );
      mountLater(
        top?.device === device && top.root === path
          ? `none ${target} none remount,bind,${FLAGS}`
          : `${escapeFstabField(source)} ${target} none x-create=dir,rbind,${FLAGS}`,
      );
    }
    mountLater(`none ${CGROUP} none remount,bind,${FLAGS},rslave,nofail,silent`);
  },
};

/** What the caller is a member of and the host has mounted, in the order of `/proc/self/cgroup`. */
function viewsOf({ host }: HookContext, mounts: CgroupMount[]): View[] {
  const views = new Map<ByteString, View>();
  for (const membership of parseCgroupMemberships(host.files.read("/proc/self/cgroup") ?? "")) {
    const mount = mounts.find((mount) => isMountOf(mount, membership));
    if (mount === undefined || views.has(mount.mountPoint)) continue;
    const path = stepOf(membership.path);
    const below = pathBelow(mount.root, path);
    if (below === null) continue;
    const source = below === "" ? mount.mountPoint : `${mount.mountPoint}/${below}`;
    // The caller's cgroup may be gone, or be one that this mount does not show.
    if (host.files.status(source)?.kind !== "directory") continue;
    views.set(mount.mountPoint, { mount, path, source });
  }
  return [...views.values()];
}

/**
 * The cgroup to show for the caller's. Slurm puts each task of a step in a cgroup of its own, but
 * limits and accounts for the step, one above.
 */
function stepOf(path: ByteString): ByteString {
  return /\/step_[^/]+\/(?:[^/]+\/)*task_[^/]+$/.test(path)
    ? path.slice(0, path.lastIndexOf("/"))
    : path;
}

/** The path of a cgroup below another one, without leading slash; null when it is not below. */
function pathBelow(root: ByteString, path: ByteString): ByteString | null {
  if (root.includes("/..") || path.includes("/..")) return null;
  if (path === root) return "";
  const prefix = root.endsWith("/") ? root : `${root}/`;
  return path.startsWith(prefix) ? path.slice(prefix.length) : null;
}
