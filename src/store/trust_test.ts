import { assertEquals, assertThrows } from "@std/assert";
import { EnrootError } from "../diagnostics/mod.ts";
import { checkOwned, checkShared } from "./trust.ts";

/** The C library stays loaded, which the test runner would call a leak. */
const resident = { sanitizeResources: false };

const UID = Deno.uid() ?? 0;
const GID = Deno.gid() ?? 0;
const STRANGER = UID + 4321;
const STRANGERS = GID + 4321;
const DIRECTORY = { path: "/scratch/x", setting: "ENROOT_DATA_PATH" } as const;

function verdict(check: typeof checkOwned, uid: number, gid: number, mode: number): string {
  try {
    check(DIRECTORY, { uid, gid, mode: 0o40000 | mode });
    return "used";
  } catch (error) {
    if (!(error instanceof EnrootError)) throw error;
    return error.message.includes("belongs to") ? "another's" : "open";
  }
}

/** Owner, group, mode; what becomes of it as a data directory, and as a cache. */
const CASES: [number, number, number, string, string][] = [
  [UID, GID, 0o700, "used", "used"],
  [UID, GID, 0o755, "used", "used"],
  [UID, STRANGERS, 0o2775, "used", "used"],
  [0, 0, 0o755, "used", "used"],
  [0, STRANGERS, 0o2775, "used", "used"],
  [0, 0, 0o1777, "used", "used"],
  [UID, GID, 0o1777, "used", "used"],
  [UID, GID, 0o777, "open", "open"],
  [0, 0, 0o777, "open", "open"],
  [0, 0, 0o2777, "open", "open"],
  [STRANGER, STRANGERS, 0o755, "another's", "another's"],
  [STRANGER, STRANGERS, 0o2775, "another's", "another's"],
  [STRANGER, STRANGERS, 0o1777, "another's", "another's"],
  [STRANGER, GID, 0o755, "another's", "another's"],
  [STRANGER, GID, 0o2770, "another's", "used"],
  [STRANGER, GID, 0o770, "another's", "used"],
  [STRANGER, GID, 0o2777, "another's", "open"],
  // The host's, in a container.
  [65534, 65534, 0o1777, "used", "used"],
  [65534, 65534, 0o755, "another's", "another's"],
];

for (const [uid, gid, mode, data, cache] of CASES) {
  const owner = uid === UID ? "the caller" : uid === 0 ? "the superuser" : `uid ${uid}`;
  Deno.test(
    `a directory of ${owner} and gid ${gid} with mode ${mode.toString(8)}`,
    resident,
    () => {
      assertEquals(verdict(checkOwned, uid, gid, mode), data);
      assertEquals(verdict(checkShared, uid, gid, mode), cache);
    },
  );
}

Deno.test("what is wrong with a directory is said with what to do", resident, () => {
  assertThrows(
    () => checkOwned(DIRECTORY, { uid: STRANGER, gid: 0, mode: 0o700 }),
    EnrootError,
    `Cannot use directory /scratch/x: it belongs to uid ${STRANGER}; ` +
      "set ENROOT_DATA_PATH to a directory of your own",
  );
});
