import { assert, assertEquals } from "@std/assert";
import { availableMemory } from "../mod.ts";

const GIB = 2 ** 30;
const MEMINFO = `MemTotal:       ${32 * 2 ** 20} kB\nMemAvailable:   ${16 * 2 ** 20} kB\n`;

function available(files: Record<string, string>): number {
  const all: Record<string, string> = { "/proc/meminfo": MEMINFO, ...files };
  return availableMemory({ read: (path) => all[path] ?? null });
}

Deno.test("availableMemory() is the machine's where no control group has a limit", () => {
  assertEquals(available({}), 16 * GIB);
  assertEquals(
    available({ "/proc/self/cgroup": "0::/a\n", "/sys/fs/cgroup/a/memory.max": "max\n" }),
    16 * GIB,
  );
});

Deno.test("availableMemory() is what the narrowest control group leaves", () => {
  const files = {
    "/proc/self/cgroup": "0::/slurm/job/step\n",
    "/sys/fs/cgroup/slurm/job/step/memory.max": `${8 * GIB}\n`,
    "/sys/fs/cgroup/slurm/job/memory.max": `${4 * GIB}\n`,
    "/sys/fs/cgroup/slurm/job/memory.current": `${3 * GIB}\n`,
    "/sys/fs/cgroup/slurm/job/memory.stat": `anon 1\ninactive_file ${GIB}\nactive_file ${
      GIB / 2
    }\n`,
    "/sys/fs/cgroup/slurm/memory.max": "max\n",
  };
  assertEquals(available(files), 4 * GIB - 1.5 * GIB);
});

Deno.test("availableMemory() knows control groups of the first version", () => {
  const files = {
    "/proc/self/cgroup": "4:memory:/job\n2:cpu,cpuacct:/job\n0::/\n",
    "/sys/fs/cgroup/memory/job/memory.limit_in_bytes": `${2 * GIB}\n`,
    "/sys/fs/cgroup/memory/job/memory.usage_in_bytes": `${GIB}\n`,
    "/sys/fs/cgroup/memory/job/memory.stat": `inactive_file 1\ntotal_inactive_file ${GIB / 2}\n`,
    "/sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
  };
  assertEquals(available(files), 1.5 * GIB);
});

Deno.test("availableMemory() is never less than nothing, and finds out about this machine", () => {
  const files = {
    "/proc/self/cgroup": "0::/\n",
    "/sys/fs/cgroup/memory.max": "10\n",
    "/sys/fs/cgroup/memory.current": "20\n",
  };
  assertEquals(available(files), 0);
  const here = availableMemory();
  assert(here > 2 ** 20 && here < 2 ** 60, `${here}`);
});
