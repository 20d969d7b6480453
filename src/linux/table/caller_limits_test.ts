import { assertEquals } from "@std/assert";
import { callerLimitRows, setCallerLimits } from "./caller_limits.ts";

const RLIMIT_CORE = 4;

/** The C library stays open. */
const resident = { sanitizeResources: false };

Deno.test("setCallerLimits() changes soft limits alone, of what is executed", resident, () => {
  assertEquals(callerLimitRows(), []);
  setCallerLimits(new Map([[RLIMIT_CORE, 4096n]]));
  try {
    const [row] = callerLimitRows();
    assertEquals(row?.name, "prlimit64");
    const [, resource, limits] = row?.arguments ?? [];
    assertEquals(resource, RLIMIT_CORE);
    const bytes = typeof limits === "object" && limits.kind === "memory" ? limits.bytes : null;
    const [soft, hard] = new BigUint64Array(bytes?.buffer ?? new ArrayBuffer(0));
    assertEquals([soft, String(hard)], [4096n, hardLimitOfCoreFiles()]);
  } finally {
    setCallerLimits(new Map());
  }
});

function hardLimitOfCoreFiles(): string {
  const line = Deno.readTextFileSync("/proc/self/limits").split("\n")
    .find((line) => line.startsWith("Max core file size"));
  const [hard = ""] = /\S+(?= +bytes)/.exec(line ?? "") ?? [];
  return hard === "unlimited" ? String(2n ** 64n - 1n) : hard;
}
