import type { InitRequest } from "./request.ts";

/** The version of the protocol that this server speaks. */
const MAJOR = 7;
const MINOR = 31;
/** From here on all structures have the sizes they have today. */
const OLDEST_MINOR = 23;

/** Bits of the flags that kernel and server exchange (FUSE_… in linux/fuse.h). */
export const INIT_FLAG = {
  ASYNC_READ: 1 << 0,
  DO_READDIRPLUS: 1 << 13,
  NO_OPEN_SUPPORT: 1 << 17,
  PARALLEL_DIROPS: 1 << 18,
  MAX_PAGES: 1 << 22,
  CACHE_SYMLINKS: 1 << 23,
  NO_OPENDIR_SUPPORT: 1 << 24,
} as const;

/**
 * READDIRPLUS_AUTO is left out: whoever lists a directory looks at the files next, and by then the
 * kernel would ask for the larger directories' files one by one.
 */
const WANTED = Object.values(INIT_FLAG).reduce((all, flag) => all | flag, 0);

/** How many requests the kernel may have waiting that no process sleeps for, such as read-ahead. */
const MAX_BACKGROUND = 64;
/** With this many waiting, the kernel stops reading ahead. */
const CONGESTION_THRESHOLD = 48;
/** Times are whole seconds. */
const TIME_GRANULARITY = 1_000_000_000;
/** The least the kernel allows; there are no writes. */
const MAX_WRITE = 4096;
/** Largest read, in pages of the most usual size. */
const MAX_PAGES = 256;

/** Largest read: what a mount has to be limited to (`max_read`), as pages may be larger. */
export const MAX_READ = MAX_PAGES * 4096;

/** The server's side of the agreement (struct fuse_init_out). */
export interface InitReply {
  major: number;
  minor: number;
  maxReadahead: number;
  flags: number;
  maxBackground: number;
  congestionThreshold: number;
  maxWrite: number;
  timeGranularity: number;
  maxPages: number;
}

/** What a server has to know of the agreement. */
export interface Settled {
  /** Whether ENOSYS to OPEN and OPENDIR says for good that they are not needed. */
  zeroMessageOpen: boolean;
  zeroMessageOpendir: boolean;
}

/** What came of the kernel's offer. */
export type Negotiation =
  /** Serve. */
  | { kind: "agreed"; reply: InitReply; settled: Settled }
  /** The kernel is newer than this major version: it will offer again what the reply asks for. */
  | { kind: "again"; reply: InitReply }
  /** The kernel is too old. */
  | { kind: "refused" };

/** Settles how kernel and server talk: on the older version of the two and what both can do. */
export function negotiate(offer: InitRequest): Negotiation {
  if (offer.major < MAJOR) return { kind: "refused" };
  if (offer.major === MAJOR && offer.minor < OLDEST_MINOR) return { kind: "refused" };
  const flags = offer.flags & WANTED;
  const reply = {
    major: MAJOR,
    minor: Math.min(offer.minor, MINOR),
    maxReadahead: offer.maxReadahead,
    flags,
    maxBackground: MAX_BACKGROUND,
    congestionThreshold: CONGESTION_THRESHOLD,
    maxWrite: MAX_WRITE,
    timeGranularity: TIME_GRANULARITY,
    maxPages: MAX_PAGES,
  };
  if (offer.major > MAJOR) return { kind: "again", reply: { ...reply, minor: MINOR } };
  return {
    kind: "agreed",
    reply,
    settled: {
      zeroMessageOpen: (flags & INIT_FLAG.NO_OPEN_SUPPORT) !== 0,
      zeroMessageOpendir: (flags & INIT_FLAG.NO_OPENDIR_SUPPORT) !== 0,
    },
  };
}
