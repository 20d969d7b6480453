import { type ByteString, textFromByteString } from "../../bytes/mod.ts";
import { EnrootError } from "../../diagnostics/mod.ts";
import {
  AT,
  close,
  inheritOnExec,
  isSyscallError,
  mkdirat,
  mount,
  MS,
  O,
  openat,
} from "../../linux/mod.ts";
import { byteEnvironment, parseEnvironment } from "../process/byte_environment.ts";
import { mountFuseImage } from "./fuse_image.ts";
import type { ImageServers } from "./image_servers.ts";
import { fuseMount, startMountServer } from "./mount_server.ts";
import type { ImagePlan, StartPlan } from "../plan/plan.ts";
import { executeRow } from "../process/program.ts";
import { findProgram } from "../process/program_search.ts";
import { serverRootRows } from "./server_root.ts";

/**
 * Mounts an image where the root is to be, with a layer in memory on top: changes go there and
 * vanish with the container.
 *
 * @throws {SyscallError} or {EnrootError}
 */
export function mountImageRoot(
  image: ImagePlan,
  { plan, interim, broker }: { plan: StartPlan } & ImageServers,
): void {
  const { base, lower, upper, work } = layerDirectories(plan.runtimePath);
  for (const path of [base, lower, upper, work, plan.rootfs]) {
    mkdirat(AT.FDCWD, path, { mode: 0o755 });
  }
  if (image.opened === null) throw new Error("the image is not open");
  const { fd, loopDevice } = image.opened;
  if (loopDevice === null) {
    const { path, offset } = image;
    const mountpoint = { target: lower, interim, broker };
    mountFuseImage({ source: path, fd, offset }, mountpoint, plan);
  } else {
    const flags = MS.RDONLY | MS.NOSUID | MS.NODEV;
    mount({ source: loopDevice.path, target: lower, type: "squashfs", flags });
    close(loopDevice.fd);
  }
  close(fd);
  mountOverlay(image, plan);
}

/**
 * Puts the layer in memory over the image. Where the kernel's overlayfs cannot be had or is not
 * wanted, fuse-overlayfs(1) does it.
 */
function mountOverlay(image: ImagePlan, plan: StartPlan): void {
  if (!plan.nativeOverlayfs) return mountFuseOverlay(image, plan);
  const { lower, upper, work } = layerDirectories(plan.runtimePath);
  const data = `lowerdir=${escaped(lower)},upperdir=${escaped(upper)},workdir=${escaped(work)}`;
  const request = { source: image.path, target: plan.rootfs, type: "overlay", flags: 0 };
  try {
    try {
      // The server has answered once this succeeds, however slow the storage.
      mount({ ...request, data: `${data},userxattr` });
    } catch (error) {
      if (!isSyscallError(error, "EINVAL")) throw error;
      mount({ ...request, data });
    }
  } catch (error) {
    // Linux before 5.11 lets no user namespace mount it; some kernels lack it.
    if (!isSyscallError(error, "EPERM", "ENODEV")) throw error;
    mountFuseOverlay(image, plan);
  }
}

/**
 * The server works with files of the container's mount namespace, and so has to be in its user
 * namespace: root of the container can trace it. It sees no more than it needs.
 */
function mountFuseOverlay(image: ImagePlan, plan: StartPlan): void {
  const program = fuseOverlayfs();
  const { base, server } = layerDirectories(plan.runtimePath);
  const fuseFd = openat(AT.FDCWD, "/dev/fuse", { flags: O.RDWR });
  try {
    inheritOnExec(fuseFd);
    const { flags, data } = fuseMount(fuseFd, plan.identity);
    mount({
      source: image.path,
      target: plan.rootfs,
      type: "fuse.fuse-overlayfs",
      flags: flags & ~MS.RDONLY,
      data,
    });
    const layers = "lowerdir=/layers/lower,upperdir=/layers/upper,workdir=/layers/work";
    const root = { path: server, layers: base, program, freshProc: plan.namespaces.pid };
    mkdirat(AT.FDCWD, server, { mode: 0o755 });
    startMountServer({
      detach: [plan.rootfs],
      keep: [fuseFd],
      execute: [
        ...serverRootRows(root),
        executeRow(textFromByteString(program), [
          "fuse-overlayfs",
          "-f",
          "-o",
          layers,
          `/dev/fd/${fuseFd}`,
        ]),
      ],
      failure: "Cannot start fuse-overlayfs",
    });
  } finally {
    close(fuseFd);
  }
}

function fuseOverlayfs(): ByteString {
  const path = parseEnvironment(byteEnvironment()).get("PATH") ?? "/usr/bin:/bin";
  const found = findProgram("fuse-overlayfs", path);
  if (found !== undefined) return found;
  throw new EnrootError(
    "Command not found: fuse-overlayfs (it is needed where the kernel's overlayfs cannot be used)",
  );
}

/** Where the layers lie in the runtime directory, and the root for a server of them. */
function layerDirectories(runtimePath: ByteString) {
  const base = `${runtimePath}/overlay`;
  return {
    base,
    lower: `${base}/lower`,
    upper: `${base}/upper`,
    work: `${base}/work`,
    server: `${runtimePath}/server`,
  };
}

/** Commas and colons separate options and layers. */
function escaped(path: ByteString): ByteString {
  return path.replace(/[\\:,]/g, "\\$&");
}
