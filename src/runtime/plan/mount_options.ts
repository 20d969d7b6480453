import type { ByteString } from "../../bytes/mod.ts";
import { MS } from "../../linux/mod.ts";

/** What the option words of one fstab(5) entry ask for. */
export interface MountOptions {
  /** `MS` bits that apply to a mount or file system: read-only, nosuid, relatime and their like. */
  readonly flags: number;
  /** The bits among those that a word such as `rw` or `dev` switched off; disjoint from `flags`. */
  readonly cleared: number;
  readonly bind: boolean;
  /** With `bind`: whether mounts below the source come along (`rbind`). */
  readonly recursive: boolean;
  readonly remount: boolean;
  /** Move an existing mount from source to target (`x-move`). */
  readonly move: boolean;
  /** Take the mount at the target away, lazily (`x-detach`). */
  readonly detach: boolean;
  /** Propagation types to set, in order: `MS.SHARED`, `SLAVE`, `PRIVATE`, `UNBINDABLE`, each perhaps with `MS.REC`. */
  readonly propagation: readonly number[];
  /** What to make at the target when nothing is there; `auto` is what the source is. */
  readonly create: "dir" | "file" | "auto" | null;
  /** A failure is no error. */
  readonly nofail: boolean;
  /** And not worth a warning either. */
  readonly silent: boolean;
  /** Everything else, for the file system itself: joined by commas. */
  readonly data: ByteString;
}

/** Words that set or clear flags, by the flags they stand for (mount(8), "FILESYSTEM-INDEPENDENT MOUNT OPTIONS"). */
export const FLAG_WORDS: ReadonlyMap<string, { set: number } | { clear: number }> = new Map([
  ["async", { clear: MS.SYNCHRONOUS }],
  ["atime", { clear: MS.NOATIME }],
  ["dev", { clear: MS.NODEV }],
  ["diratime", { clear: MS.NODIRATIME }],
  ["dirsync", { set: MS.DIRSYNC }],
  ["exec", { clear: MS.NOEXEC }],
  ["iversion", { set: MS.I_VERSION }],
  ["lazytime", { set: MS.LAZYTIME }],
  ["loud", { clear: MS.SILENT }],
  ["mand", { set: MS.MANDLOCK }],
  ["noatime", { set: MS.NOATIME }],
  ["nodev", { set: MS.NODEV }],
  ["nodiratime", { set: MS.NODIRATIME }],
  ["noexec", { set: MS.NOEXEC }],
  ["noiversion", { clear: MS.I_VERSION }],
  ["nolazytime", { clear: MS.LAZYTIME }],
  ["nomand", { clear: MS.MANDLOCK }],
  ["norelatime", { clear: MS.RELATIME }],
  ["nostrictatime", { clear: MS.STRICTATIME }],
  ["nosuid", { set: MS.NOSUID }],
  ["relatime", { set: MS.RELATIME }],
  ["ro", { set: MS.RDONLY }],
  ["rw", { clear: MS.RDONLY }],
  ["silent", { set: MS.SILENT }],
  ["strictatime", { set: MS.STRICTATIME }],
  ["suid", { clear: MS.NOSUID }],
  ["sync", { set: MS.SYNCHRONOUS }],
]);

export const PROPAGATION_WORDS: ReadonlyMap<string, number> = new Map([
  ["private", MS.PRIVATE],
  ["rprivate", MS.PRIVATE | MS.REC],
  ["rshared", MS.SHARED | MS.REC],
  ["rslave", MS.SLAVE | MS.REC],
  ["runbindable", MS.UNBINDABLE | MS.REC],
  ["shared", MS.SHARED],
  ["slave", MS.SLAVE],
  ["unbindable", MS.UNBINDABLE],
]);

const ACTION_WORDS = new Set(["bind", "rbind", "remount", "x-move", "x-detach"]);

/** Words of fstab(5) that speak to mount(8) and its kin, not to us. */
const ADMINISTRATIVE_WORDS = new Set([
  "_netdev",
  "auto",
  "defaults",
  "group",
  "noauto",
  "nofail",
  "nogroup",
  "noowner",
  "nouser",
  "nousers",
  "owner",
  "user",
  "users",
]);

/** Parses comma-separated mount options. Of words that contradict each other the last one counts. */
export function parseMountOptions(text: ByteString): MountOptions {
  let flags = 0;
  let cleared = 0;
  let create: MountOptions["create"] = null;
  const propagation: number[] = [];
  const data: ByteString[] = [];
  const words = text.split(",").filter((word) => word !== "");
  for (const word of words) {
    const flag = FLAG_WORDS.get(word);
    const propagationType = PROPAGATION_WORDS.get(word);
    if (flag !== undefined && "set" in flag) {
      flags |= flag.set;
      cleared &= ~flag.set;
    } else if (flag !== undefined) {
      flags &= ~flag.clear;
      cleared |= flag.clear;
    } else if (propagationType !== undefined) {
      propagation.push(propagationType);
    } else if (isCreateWord(word)) {
      create = CREATE_WORDS[word];
    } else if (!isForUs(word)) {
      data.push(word);
    }
  }
  const has = (word: string) => words.includes(word);
  return {
    flags,
    cleared,
    bind: has("bind") || has("rbind"),
    recursive: has("rbind"),
    remount: has("remount"),
    move: has("x-move"),
    detach: has("x-detach"),
    propagation,
    create,
    nofail: has("nofail"),
    silent: (flags & MS.SILENT) !== 0,
    data: data.join(","),
  };
}

/** Whether a field can only be options: a known word, or several, or a `name=value`. */
export function looksLikeMountOptions(field: ByteString): boolean {
  return field.includes(",") || field.includes("=") || FLAG_WORDS.has(field) ||
    PROPAGATION_WORDS.has(field) || isForUs(field);
}

export const CREATE_WORDS = {
  "x-create=dir": "dir",
  "x-create=file": "file",
  "x-create=auto": "auto",
} as const;

function isCreateWord(word: string): word is keyof typeof CREATE_WORDS {
  return Object.hasOwn(CREATE_WORDS, word);
}

/** Whether a word without flags of its own is meant for mount(8), not for the file system. */
function isForUs(word: string): boolean {
  return ACTION_WORDS.has(word) || ADMINISTRATIVE_WORDS.has(word) ||
    /^(x-|X-|comment=)/.test(word);
}
