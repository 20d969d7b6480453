/** Where the control groups of this process lie, by version (cgroups(7)). */
const CGROUP2_MOUNTS = ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"];
const CGROUP1_MOUNT = "/sys/fs/cgroup/memory";

/** Names of what a control group tells of its memory. */
interface GroupFiles {
  limit: string;
  usage: string;
  /** Lines of memory.stat: what of the usage the kernel takes back before it is at the limit. */
  reclaimable: readonly string[];
}

const CGROUP2: GroupFiles = {
  limit: "memory.max",
  usage: "memory.current",
  reclaimable: ["inactive_file", "active_file"],
};
const CGROUP1: GroupFiles = {
  limit: "memory.limit_in_bytes",
  usage: "memory.usage_in_bytes",
  reclaimable: ["total_inactive_file", "total_active_file"],
};

/**
 * How many bytes this process can take before the kernel runs out of memory, in the machine
 * (proc_meminfo(5)) or in one of the control groups that the process is in, whichever comes first.
 * What cannot be found out counts as no limit.
 *
 * @param options.read gives the contents of a file, null for one that cannot be read
 */
export function availableMemory({ read = readFile } = {}): number {
  let available = field(read("/proc/meminfo"), "MemAvailable") * 1024;
  for (const line of (read("/proc/self/cgroup") ?? "").split("\n")) {
    const [, hierarchy, controllers = "", path = ""] = /^(\d+):([^:]*):(.*)$/.exec(line) ?? [];
    if (hierarchy === "0" && controllers === "") {
      for (const mount of CGROUP2_MOUNTS) {
        available = Math.min(available, roomIn(`${mount}${path}`, { mount, files: CGROUP2, read }));
      }
    } else if (controllers.split(",").includes("memory")) {
      const mount = CGROUP1_MOUNT;
      available = Math.min(available, roomIn(`${mount}${path}`, { mount, files: CGROUP1, read }));
    }
  }
  return available;
}

/** What is left in a control group and in those above it. */
function roomIn(
  group: string,
  { mount, files, read }: { mount: string; files: GroupFiles; read: typeof readFile },
): number {
  let room = Infinity;
  for (let at = group; at.length >= mount.length; at = at.slice(0, at.lastIndexOf("/"))) {
    const limit = number(read(`${at}/${files.limit}`));
    if (limit === Infinity) continue;
    const usage = number(read(`${at}/${files.usage}`));
    const statistics = read(`${at}/memory.stat`);
    let kept = usage === Infinity ? 0 : usage;
    for (const name of files.reclaimable) {
      const reclaimable = field(statistics, name);
      if (reclaimable !== Infinity) kept -= reclaimable;
    }
    room = Math.min(room, Math.max(0, limit - Math.max(0, kept)));
  }
  return room;
}

/** "max" and what is missing are no limit. */
function number(text: string | null): number {
  const digits = /^\d+/.exec(text ?? "");
  return digits === null ? Infinity : Number(digits[0]);
}

/** The number behind a name at the beginning of a line. */
function field(text: string | null, name: string): number {
  return number(new RegExp(`^${name}:?\\s+(\\d+)`, "m").exec(text ?? "")?.[1] ?? null);
}

function readFile(path: string): string | null {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return null;
  }
}
