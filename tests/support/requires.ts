/**
 * What tests need of the machine, and why it cannot be had: a test without it is skipped, with the
 * reason in its name.
 *
 *     Deno.test({ ...requiring({ programs: ["mksquashfs"], root: true }, "NAME"), fn() { … } });
 *
 * A shell and the tools that are in every Linux (coreutils, findutils, util-linux, grep, sed, awk)
 * are taken for granted.
 */
import { hasOpenssl } from "../../src/linux/openssl.ts";
import { NEIGHBOUR_UID, TEST_UID } from "./enroot.ts";
import { makeTemporaryDirectory, makeTemporaryFile } from "./temp.ts";
import { userNamespaceObstacle } from "./user_namespaces.ts";

/** The programs that tests start, with the Debian packages that have them. */
export const PROGRAMS = {
  "aarch64-linux-gnu-as": "binutils-aarch64-linux-gnu",
  "aarch64-linux-gnu-ld": "binutils-aarch64-linux-gnu",
  "as": "binutils",
  "bash": "bash",
  "bsdtar": "libarchive-tools",
  "bzip2": "bzip2",
  "cc": "gcc",
  "debootstrap": "debootstrap",
  "docker-registry": "docker-registry",
  "findmnt": "util-linux",
  "fuse-overlayfs": "fuse-overlayfs",
  "gensquashfs": "squashfs-tools-ng",
  "getfattr": "attr",
  "gzip": "gzip",
  "lbzip2": "lbzip2",
  "ld": "binutils",
  "lz4": "lz4",
  "lzop": "lzop",
  "mksquashfs": "squashfs-tools",
  "mount": "mount",
  "openssl": "openssl",
  "pbzip2": "pbzip2",
  "pigz": "pigz",
  "podman": "podman",
  "python3": "python3",
  "qemu-aarch64-static": "qemu-user-static",
  "qemu-x86_64-static": "qemu-user-static",
  "rdsquashfs": "squashfs-tools-ng",
  "setcap": "libcap2-bin",
  "setfattr": "attr",
  "setpriv": "util-linux",
  "skopeo": "skopeo",
  "sqfs2tar": "squashfs-tools-ng",
  "strace": "strace",
  "tar": "tar",
  "tinyproxy": "tinyproxy",
  "umoci": "umoci",
  "unshare": "util-linux",
  "unsquashfs": "squashfs-tools",
  "xz": "xz-utils",
  "zstd": "zstd",
} as const;

/** A program that a test may ask for. */
export type ProgramName = keyof typeof PROGRAMS;

/** What a test needs. */
export interface Needs {
  /** Programs in PATH. */
  programs?: readonly ProgramName[];
  /** To run as root. */
  root?: boolean;
  /** To act as two ordinary users. */
  twoUsers?: boolean;
  /** Containers of the test user. */
  userNamespaces?: boolean;
  /** Images served through /dev/fuse to the test user. */
  fuse?: boolean;
  /** mount(2) by root. */
  mounts?: boolean;
  /** mount(2) by root from loop devices. */
  loopDevices?: boolean;
  /** Files with `user.*` attributes among the temporary ones: tmpfs(5) has them since Linux 6.6. */
  xattrs?: boolean;
  /** Files with access lists (acl(5)) among the temporary ones. */
  accessLists?: boolean;
  /** OpenSSL's library, which registries with certificates of a kind are verified by. */
  libssl?: boolean;
  /** What a test file has found for itself to be in the way. */
  other?: string | undefined;
}

const PROBES: Readonly<
  Record<Exclude<keyof Needs, "programs" | "other">, () => string | undefined>
> = {
  root: () => Deno.uid() === 0 ? undefined : "only root can do this",
  twoUsers() {
    if (Deno.uid() !== 0) return "only root can act as two users";
    return NEIGHBOUR_UID === TEST_UID ? "the two users are the same" : undefined;
  },
  userNamespaces() {
    const obstacle = userNamespaceObstacle();
    return obstacle === undefined ? undefined : `no user namespaces: ${obstacle}`;
  },
  fuse: fuseObstacle,
  mounts: mountObstacle,
  loopDevices() {
    const obstacle = mountObstacle();
    if (obstacle !== undefined) return obstacle;
    return exists("/dev/loop-control") ? undefined : "there are no loop devices";
  },
  libssl: () => hasOpenssl() ? undefined : "no libssl.so.3 or libssl.so.1.1",
  xattrs: () => attributeObstacle("user.test", { value: "1", what: "user.* attributes" }),
  accessLists: () =>
    attributeObstacle("system.posix_acl_access", { value: ACCESS_LIST, what: "access lists" }),
};

/** What mode 0700 is as an access list: version 2, then tag, permissions and id of each entry. */
const ACCESS_LIST = "0x0200000001000700ffffffff04000000ffffffff20000000ffffffff";

const known = new Map<string, string | undefined>();

/** Why a test with these needs cannot be run here; undefined if it can. */
export function requires({ programs = [], other, ...needs }: Needs): string | undefined {
  const missing = programs.find((name) => !isInstalled(name));
  if (missing !== undefined) return `no ${missing}`;
  for (const [need, probe] of Object.entries(PROBES)) {
    if (needs[need as keyof typeof PROBES] !== true) continue;
    if (!known.has(need)) known.set(need, probe());
    const obstacle = known.get(need);
    if (obstacle !== undefined) return obstacle;
  }
  return other;
}

/** Name and `ignore` of a test, or a step, that needs something. */
export function requiring(needs: Needs, name: string): { name: string; ignore: boolean } {
  const obstacle = requires(needs);
  return obstacle === undefined
    ? { name, ignore: false }
    : { name: `${name} (skipped: ${obstacle})`, ignore: true };
}

/** Everything that some test may miss on this machine, a line each. */
export function missingHere(): string[] {
  const missing = Object.entries(PROGRAMS).filter(([name]) => !isInstalled(name));
  const programs = missing.map(([name, debianPackage]) =>
    name === debianPackage ? name : `${name} (${debianPackage})`
  );
  const lines = new Set(
    Object.keys(PROBES).flatMap((need) => requires({ [need]: true }) ?? []),
  );
  // Some of what is in the way is that a program is missing, which is told already.
  for (const [name] of missing) lines.delete(`no ${name}`);
  return [
    ...(programs.length === 0 ? [] : [`programs that are not installed: ${programs.join(", ")}`]),
    ...lines,
  ];
}

/** Whether a program is in PATH. */
export function isInstalled(program: string): boolean {
  return (Deno.env.get("PATH") ?? "").split(":").some((directory) => {
    try {
      return Deno.statSync(`${directory}/${program}`).isFile;
    } catch {
      return false;
    }
  });
}

/** The device number of /dev/fuse: Documentation/admin-guide/devices.txt. */
const FUSE_DEVICE = (10 << 8) | 229;

/** Why images cannot be served here; undefined if they can. */
export function fuseObstacle(): string | undefined {
  try {
    const { mode, rdev } = Deno.statSync("/dev/fuse");
    if (rdev !== FUSE_DEVICE) return "there is no /dev/fuse";
    return ((mode ?? 0) & 0o006) === 0o006 ? undefined : "users may not open /dev/fuse";
  } catch {
    return "there is no /dev/fuse";
  }
}

function mountObstacle(): string | undefined {
  if (Deno.uid() !== 0) return "only root can mount";
  if (!isInstalled("mount")) return "no mount";
  using directory = makeTemporaryDirectory();
  return succeeds(["mount", "-t", "tmpfs", "none", directory.path]) &&
      succeeds(["umount", directory.path])
    ? undefined
    : "root may not mount here";
}

/** Why temporary files cannot have an attribute; undefined if they can. */
function attributeObstacle(
  name: string,
  { value, what }: { value: string; what: string },
): string | undefined {
  if (!isInstalled("setfattr")) return "no setfattr";
  using file = makeTemporaryFile();
  return succeeds(["setfattr", "-n", name, "-v", value, file.path])
    ? undefined
    : `no ${what} on temporary files`;
}

function succeeds([command = "", ...args]: string[]): boolean {
  try {
    return new Deno.Command(command, { args, stdout: "null", stderr: "null" }).outputSync().success;
  } catch {
    return false;
  }
}

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}
