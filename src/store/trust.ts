import { EnrootError } from "../diagnostics/mod.ts";
import { supplementaryGroups } from "../linux/mod.ts";

/*
 * Settings may name directories that other users of the machine can write to, or have made before
 * their user came.
 */

const STICKY = 0o1000;
const GROUP_WRITES = 0o020;
const OTHERS_WRITE = 0o002;
/** The owner of everything that belongs to no user of this user namespace (user_namespaces(7)). */
const OVERFLOW_UID = 65534;

/** The owner of a directory, and its type and permission bits. */
export interface Ownership {
  uid: number;
  gid: number;
  mode: number;
}

/** How a directory is named, and by which setting. */
export interface SettingDirectory {
  path: string;
  setting: `ENROOT_${string}`;
}

/** Whether a file is another user's, who can change it. The superuser could do so anyway. */
export function isForeign({ uid }: Pick<Ownership, "uid">): boolean {
  return uid !== Deno.uid() && uid !== 0;
}

/** Whether every user of the machine may put files there. */
export function isOpenToAll({ mode }: Pick<Ownership, "mode">): boolean {
  return (mode & OTHERS_WRITE) !== 0;
}

/**
 * Checks that the caller or the superuser decides about a directory, and that not everybody may
 * replace the files of others in it. That its group may is for its owner to decide.
 *
 * @throws {EnrootError} saying what to do
 */
export function checkOwned(directory: SettingDirectory, ownership: Ownership): void {
  if (isForeign(ownership) && !isOpenInNamespace(ownership)) {
    throw belongsToOther(directory, ownership);
  }
  checkSticky(directory, ownership);
}

/**
 * As {@link checkOwned}, but a directory that the caller's group shares may belong to any of its
 * members.
 */
export function checkShared(directory: SettingDirectory, ownership: Ownership): void {
  if (!isOfGroup(ownership)) return checkOwned(directory, ownership);
  checkSticky(directory, ownership);
}

function checkSticky({ path, setting }: SettingDirectory, { mode }: Ownership): void {
  if ((mode & (OTHERS_WRITE | STICKY)) !== OTHERS_WRITE) return;
  throw new EnrootError(
    `Cannot use directory ${path}: everybody may replace files in it; ` +
      `forbid that (chmod o-w or +t) or set ${setting} to another directory`,
  );
}

function belongsToOther({ path, setting }: SettingDirectory, { uid }: Ownership): EnrootError {
  return new EnrootError(
    `Cannot use directory ${path}: it belongs to uid ${uid}; ` +
      `set ${setting} to a directory of your own`,
  );
}

/** A sticky directory of the host, seen in a container: its files tell for themselves. */
function isOpenInNamespace({ uid, mode }: Ownership): boolean {
  return uid === OVERFLOW_UID && (mode & STICKY) !== 0 && isOpenToAll({ mode });
}

function isOfGroup({ gid, mode }: Ownership): boolean {
  return (mode & GROUP_WRITES) !== 0 &&
    (gid === Deno.gid() || supplementaryGroups().includes(gid));
}
