import type { ByteString } from "../bytes/mod.ts";
import {
  AT,
  CLONE,
  inheritOnExec,
  isSyscallError,
  MNT_DETACH,
  mount,
  MS,
  O,
  openat,
  resultOf,
  type Syscall,
  text,
} from "../linux/mod.ts";
import type { ImagePlan, StartPlan } from "./plan.ts";
import { executeProgram, type Program } from "./program.ts";

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

/**
 * Mounts an image through FUSE, to be the lower layer of the root.
 *
 * Its server is a process of its own session that lives in a copy of the mount namespace without
 * the mount: so the mount goes with its last user, and the server with it. The process in between
 * ends at once, so that the container's first process gets no child that it did not make.
 */
export function imageMount(
  image: ImagePlan,
  { plan, program }: { plan: StartPlan; program: Program },
): ImageMount {
  const { uid, gid } = plan.identity;
  const directories = layerDirectories(plan.runtimePath);
  const { lower } = directories;
  const imageFd = openat(AT.FDCWD, image.path, { flags: O.RDONLY });
  inheritOnExec(imageFd);
  const failure = `Cannot mount ${image.path}`;
  const openFuse = openRow("/dev/fuse");
  const openNull = openRow("/dev/null");

  const detach: Syscall = { name: "umount2", arguments: [text(lower), MNT_DETACH], failure };
  const forkServer: Syscall = {
    name: "clone",
    arguments: [CLONE.NEWNS | SIGCHLD, 0, 0, 0, 0],
    onZero: detach,
    failure,
  };
  const forkTwice: Syscall = {
    name: "clone",
    arguments: [SIGCHLD, 0, 0, 0, 0],
    onZero: forkServer,
    failure,
  };
  return {
    mount: [
      ...[...Object.values(directories), plan.rootfs].map((directory): Syscall => ({
        name: "mkdirat",
        arguments: [AT.FDCWD, text(directory), 0o755],
        failure: `Cannot create ${directory}`,
      })),
      openFuse,
      { name: "dup3", arguments: [resultOf(openFuse), FUSE_FD, 0], failure },
      { name: "close", arguments: [resultOf(openFuse)], failure },
      {
        name: "mount",
        arguments: [
          text(image.path),
          text(lower),
          text("fuse.squashfs"),
          MS.RDONLY | MS.NOSUID | MS.NODEV,
          text(
            `fd=${FUSE_FD},rootmode=40000,user_id=${uid},group_id=${gid},default_permissions,allow_other`,
          ),
        ],
        failure,
      },
      forkTwice,
      { name: "wait4", arguments: [resultOf(forkTwice), 0, 0, 0], failure },
      { name: "close", arguments: [FUSE_FD], failure },
      { name: "close", arguments: [imageFd], failure },
    ],
    server: [
      forkServer,
      { name: "exit_group", arguments: [0] },
      detach,
      { name: "setsid", arguments: [], failure },
      openNull,
      { name: "dup3", arguments: [resultOf(openNull), 0, 0], failure },
      { name: "dup3", arguments: [resultOf(openNull), 1, 0], failure },
      ...executeProgram(program, IMAGE_SERVER_NAME, [FUSE_FD, imageFd, image.offset, uid, gid]),
    ],
  };
}

/** Puts a layer in memory over the image; changes go there and vanish with it. @throws {SyscallError} */
export function mountOverlay(image: ImagePlan, plan: StartPlan): void {
  const { lower, upper, work } = layerDirectories(plan.runtimePath);
  const data = `lowerdir=${escaped(lower)},upperdir=${escaped(upper)},workdir=${escaped(work)}`;
  const request = { source: image.path, target: plan.rootfs, type: "overlay", flags: 0 };
  try {
    mount({ ...request, data: `${data},userxattr` });
  } catch (error) {
    // Linux before 5.11 does not know the option.
    if (!isSyscallError(error, "EINVAL")) throw error;
    mount({ ...request, data });
  }
}

function openRow(path: string): Syscall {
  return {
    name: "openat",
    arguments: [AT.FDCWD, text(path), O.RDWR, 0],
    failure: `Cannot open ${path}`,
  };
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
