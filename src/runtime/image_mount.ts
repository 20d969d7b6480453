import { type ByteString, textFromByteString } from "../bytes/mod.ts";
import { EnrootError } from "../diagnostics/mod.ts";
import {
  AT,
  close,
  inheritOnExec,
  isSyscallError,
  mount,
  MS,
  O,
  openat,
  resultOf,
  type Syscall,
  text,
} from "../linux/mod.ts";
import { byteEnvironment, parseEnvironment } from "./byte_environment.ts";
import { fuseMount, mountServerRows, openRow, startMountServer } from "./mount_server.ts";
import type { ImagePlan, StartPlan } from "./plan.ts";
import { executeProgram, executeRow, type Program } from "./program.ts";
import { findProgram } from "./program_search.ts";

/** The name (`argv[0]`) by which the program knows that it serves an image. */
export const IMAGE_SERVER_NAME = "enroot-image-server";

/** A number that no descriptor of ours has by then: mount options have to name it beforehand. */
const FUSE_FD = 100;
const SIGCHLD = 17;

/** Rows that mount an image, and what the server they start goes on with. */
export interface ImageMount {
  /** For the process that becomes the container. */
  readonly mount: Syscall[];
  /** For the server; to be put where the other process never arrives. */
  readonly server: Syscall[];
}

/** Mounts an image through FUSE, to be the lower layer of the root, and starts its server. */
export function imageMount(
  image: ImagePlan,
  { plan, program }: { plan: StartPlan; program: Program },
): ImageMount {
  const { uid, gid } = plan.identity;
  const directories = layerDirectories(plan.runtimePath);
  const failure = `Cannot mount ${image.path}`;
  const makeDirectories = [...Object.values(directories), plan.rootfs].map((path): Syscall => ({
    name: "mkdirat",
    arguments: [AT.FDCWD, text(path), 0o755],
    failure: `Cannot create ${path}`,
  }));
  if (image.loopDevice !== null) {
    const { path } = image.loopDevice;
    const flags = MS.RDONLY | MS.NOSUID | MS.NODEV;
    return {
      mount: [...makeDirectories, {
        name: "mount",
        arguments: [text(path), text(directories.lower), text("squashfs"), flags, 0],
        failure,
      }],
      server: [],
    };
  }

  const imageFd = openat(AT.FDCWD, image.path, { flags: O.RDONLY });
  inheritOnExec(imageFd);
  const { flags, data } = fuseMount(FUSE_FD, plan.identity);
  const openFuse = openRow("/dev/fuse");
  const server = mountServerRows({
    detach: [directories.lower],
    execute: executeProgram(program, IMAGE_SERVER_NAME, [
      FUSE_FD,
      imageFd,
      image.offset,
      uid,
      gid,
    ]),
    failure,
  });
  const fork: Syscall = {
    name: "clone",
    arguments: [SIGCHLD, 0, 0, 0, 0],
    failure,
    ...(server[0] === undefined ? {} : { onZero: server[0] }),
  };
  return {
    mount: [
      ...makeDirectories,
      openFuse,
      { name: "dup3", arguments: [resultOf(openFuse), FUSE_FD, 0], failure },
      { name: "close", arguments: [resultOf(openFuse)], failure },
      {
        name: "mount",
        arguments: [
          text(image.path),
          text(directories.lower),
          text("fuse.squashfs"),
          flags,
          text(data),
        ],
        failure,
      },
      fork,
      { name: "wait4", arguments: [resultOf(fork), 0, 0, 0], failure },
      { name: "close", arguments: [FUSE_FD], failure },
      { name: "close", arguments: [imageFd], failure },
    ],
    server,
  };
}

/**
 * Puts a layer in memory over the image; changes go there and vanish with it. Where the kernel's
 * overlayfs cannot be had or is not wanted, fuse-overlayfs(1) does it.
 *
 * @throws {SyscallError} or {EnrootError}
 */
export function mountOverlay(image: ImagePlan, plan: StartPlan): void {
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

function mountFuseOverlay(image: ImagePlan, plan: StartPlan): void {
  const program = fuseOverlayfs();
  const { lower, upper, work } = layerDirectories(plan.runtimePath);
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
    const layers = `lowerdir=${escaped(lower)},upperdir=${escaped(upper)},workdir=${escaped(work)}`;
    startMountServer({
      detach: [plan.rootfs],
      execute: [executeRow(program, [
        "fuse-overlayfs",
        "-f",
        "-o",
        textFromByteString(layers),
        `/dev/fd/${fuseFd}`,
      ])],
      failure: "Cannot start fuse-overlayfs",
    });
  } finally {
    close(fuseFd);
  }
}

function fuseOverlayfs(): string {
  const path = parseEnvironment(byteEnvironment()).get("PATH") ?? "/usr/bin:/bin";
  const found = findProgram("fuse-overlayfs", path);
  if (found !== undefined) return textFromByteString(found);
  throw new EnrootError(
    "Command not found: fuse-overlayfs (it is needed where the kernel's overlayfs cannot be used)",
  );
}

/** Where the layers lie in the runtime directory. */
function layerDirectories(runtimePath: ByteString) {
  const base = `${runtimePath}/overlay`;
  return { base, lower: `${base}/lower`, upper: `${base}/upper`, work: `${base}/work` };
}

/** Commas and colons separate options and layers. */
function escaped(path: ByteString): ByteString {
  return path.replace(/[\\:,]/g, "\\$&");
}
