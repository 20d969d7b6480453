import type { ByteString } from "../../bytes/mod.ts";
import type { Program } from "./program.ts";

/** A configuration file that was read: its path for messages, and its content. */
export interface ConfigurationFile {
  readonly path: string;
  readonly content: ByteString;
}

/**
 * Everything that decides how a container starts, as plain data.
 *
 * It is made on the host by `start`, crosses into the new namespaces as JSON, and is carried out
 * there.
 */
export interface StartPlan {
  /** The directory that becomes `/`; for an image, where it will be mounted. */
  readonly rootfs: ByteString;
  /** The image to mount there, changes kept in memory; null for a container on disk. */
  readonly image: ImagePlan | null;
  readonly identity: Identity;
  readonly namespaces: Namespaces;
  readonly writable: boolean;
  /** Whether the kernel's own overlayfs is to be tried for an image. */
  readonly nativeOverlayfs: boolean;
  /** Covered by a private tmpfs that holds working files. */
  readonly runtimePath: ByteString;
  /** The directory that relative sources of mounts start from. */
  readonly workingDirectory: ByteString;
  /** System and user fstab files, in order; the root's own comes before them. */
  readonly fstabs: readonly ConfigurationFile[];
  /** Values of `--mount`. */
  readonly mounts: readonly ByteString[];
  /** System and user environment files, in order; the root's own comes before them. */
  readonly environs: readonly ConfigurationFile[];
  /** Values of `--env`. */
  readonly environment: readonly ByteString[];
  /** The host's environment with every configured variable, as hooks see it. */
  readonly hostEnvironment: readonly (readonly [ByteString, ByteString])[];
  /** The hooks to run, in order. */
  readonly hooks: readonly PlannedHook[];
  /** A configuration script (`--conf`), as the caller named it; null for none. */
  readonly script: string | null;
  /** The directory of `common.sh` for hooks that are scripts. */
  readonly libraryPath: string;
  /** How hooks that are scripts call `enroot-mount` and its kin: this very program. */
  readonly program: Program;
  readonly loginShell: boolean;
  readonly mountHome: boolean;
  readonly restrictDev: boolean;
  readonly command: Command;
}

/** A squashfs image to start from. */
export interface ImagePlan {
  readonly path: ByteString;
  /** Where in the file the image begins, in bytes. */
  readonly offset: number;
  /** The file, once it is to be started: by then its path may be covered. */
  readonly opened: OpenImage | null;
}

/** The open file of an image. */
export interface OpenImage {
  /** A descriptor, which what is started inherits. */
  readonly fd: number;
  /** A block device that shows the image, for the superuser; null to serve it through FUSE. */
  readonly loopDevice: { readonly path: ByteString; readonly fd: number } | null;
}

/** The caller's ids on the host and inside. */
export interface Identity {
  readonly hostUid: number;
  readonly hostGid: number;
  readonly uid: number;
  readonly gid: number;
}

/** The namespaces to make besides the mount namespace, which always is. */
export interface Namespaces {
  readonly user: boolean;
  readonly pid: boolean;
  readonly net: boolean;
  readonly ipc: boolean;
  readonly uts: boolean;
}

/** A hook: one that comes with the program, or an executable file of the host. */
export type PlannedHook =
  | { readonly kind: "standard"; readonly name: string }
  | { readonly kind: "executable"; readonly path: string };

/** What to run. */
export interface Command {
  /** A script of the host that takes the place of the image's `/etc/rc`. */
  readonly rc: ByteString | null;
  readonly arguments: readonly ByteString[];
}
