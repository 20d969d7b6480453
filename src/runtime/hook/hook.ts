import type { ByteString } from "../../bytes/mod.ts";
import type { GroupEntry, PasswdEntry } from "../plan/accounts.ts";
import type { ReadableFiles, RootFiles } from "../root/readable_files.ts";

export {
  formatGroupEntry,
  formatPasswdEntry,
  type GroupEntry,
  type PasswdEntry,
} from "../plan/accounts.ts";
export { escapeFstabField, unescapeFstabField } from "../plan/fstab.ts";
export { isEnabled, type LoginDefs, parseDefsNumber, parseLoginDefs } from "../plan/login_defs.ts";
export type { FileStatus, ReadableFiles, RootFiles } from "../root/readable_files.ts";

/** The host, as a hook may see it. */
export interface Host {
  /** The host's environment with the configured `NVIDIA_*`, `MELLANOX_*`, `ENROOT_*` in it. */
  readonly environment: ReadonlyMap<ByteString, ByteString>;
  /** The caller's passwd(5) entry, from whatever database the host asks; null when it has none. */
  readonly passwd: PasswdEntry | null;
  /** The group(5) entry of the caller's group. */
  readonly group: GroupEntry | null;
  /** The path of the terminal on standard input (`/dev/pts/3`); null when that is no terminal. */
  readonly terminal: ByteString | null;
  /** The host's files, `/proc/self` being this process. */
  readonly files: ReadableFiles;
}

/**
 * What a hook sees of the container about to start, and all it can do to it.
 *
 * Hooks run inside the new namespaces with full capabilities, after the mounts of pass -1 and
 * before those of pass 0; the root is not switched yet and still writable.
 */
export interface HookContext {
  /** The caller's ids inside the container. */
  readonly uid: number;
  readonly gid: number;
  /** The caller's ids on the host. */
  readonly hostUid: number;
  readonly hostGid: number;
  /** Where the root file system is mounted on the host side, without symbolic links. */
  readonly rootfs: ByteString;
  /** Whether the caller is root inside (`--root`). */
  readonly remapRoot: boolean;
  readonly restrictDev: boolean;
  readonly mountHome: boolean;
  readonly unshareIpc: boolean;
  readonly host: Host;
  /** The container's environment so far. Hooks may add to it and change it. */
  readonly environment: Map<ByteString, ByteString>;
  /** The container's files. */
  readonly files: RootFiles;
  /** Does what one fstab(5) line says, now. */
  mountNow(line: ByteString): void;
  /** Has one fstab(5) line done after the last hook. */
  mountLater(line: ByteString): void;
}

/** A step of the preparation of a container. */
export interface Hook {
  /** The name of the script it stands for, without suffix (`10-cgroups`). */
  readonly name: string;
  /** @throws {EnrootError} when the container must not start */
  run(context: HookContext): void;
}

/** The hooks that come with the program. */
export interface HookLibrary {
  /** @throws {EnrootError} when there is none of this name */
  find(name: string): Hook;
  /** Shell functions (`common.sh`) for hooks that are scripts. */
  library(): Uint8Array;
}
