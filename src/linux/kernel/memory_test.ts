import { assert, assertEquals } from "@std/assert";
import { cleanFileMappings, releaseMemory } from "./memory.ts";

Deno.test("cleanFileMappings() picks files that are neither writable nor changed", () => {
  const mapping = (range: string, permissions: string, rest: string, anonymous: number) =>
    `${range} ${permissions} 00001000 fe:00 12 ${rest}\nRss: 8 kB\nAnonymous:      ${anonymous} kB\n`;
  const smaps = mapping("1000-3000", "r-xp", "            /usr/bin/program with blanks", 0) +
    mapping("3000-4000", "r--p", " /usr/bin/program", 4) +
    mapping("4000-5000", "rw-p", " /usr/bin/program", 0) +
    mapping("5000-6000", "r--s", " /dev/shm/shared", 0) +
    mapping("6000-7000", "r--p", "", 0) +
    mapping("7000-8000", "r-xp", " [vdso]", 0) +
    mapping("7f0000000000-7f0000001000", "r--p", " /lib/libc.so.6", 0) +
    mapping("8000-9000", "---p", " /lib/libc.so.6", 0);
  assertEquals(cleanFileMappings(smaps), [
    { start: 0x1000n, end: 0x3000n },
    { start: 0x7f0000000000n, end: 0x7f0000001000n },
  ]);
});

Deno.test({
  name: "releaseMemory() makes less of the executable resident, and the program goes on",
  // The C library stays loaded.
  sanitizeResources: false,
  fn() {
    const before = residentFileMemory();
    releaseMemory();
    assert(residentFileMemory() < before);
    assertEquals([3, 1, 2].toSorted(), [1, 2, 3]);
  },
});

/** RssFile of proc_pid_status(5), in kB. */
function residentFileMemory(): number {
  return Number(/^RssFile:\s+(\d+) kB$/m.exec(Deno.readTextFileSync("/proc/self/status"))?.[1]);
}
