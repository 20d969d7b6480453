import { assertEquals } from "@std/assert";
import { checkHost } from "./host_check.ts";
import type { Attempt, HostFacts } from "./host_facts.ts";

interface Differences {
  /** Null takes a file away. */
  files?: Record<string, string | null>;
  obstacles?: Record<string, string>;
  failures?: Partial<Record<Attempt, string>>;
  programs?: string[];
  architecture?: string;
  release?: string;
}

const FILES = {
  "/proc/self/limits": "Limit  Soft Limit  Hard Limit  Units\n" +
    "Max address space         unlimited            unlimited            bytes",
  "/proc/sys/vm/memfd_noexec": "0",
  "/proc/sys/user/max_user_namespaces": "15000",
  "/proc/sys/user/max_net_namespaces": "15000",
  "/proc/self/status": "Name:\tenroot\nSeccomp:\t0",
  "/proc/sys/kernel/seccomp/actions_avail": "kill_process trap errno allow",
  "/proc/filesystems": "nodev\tfuse\nnodev\toverlay",
  "/proc/self/mountinfo": "30 24 0:26 / /sys/fs/cgroup rw shared:4 - cgroup2 cgroup2 rw",
  "/proc/self/maps": "ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0   [vsyscall]",
};

/** A host that has everything, but for some differences. */
function hostDouble(differences: Differences = {}): HostFacts {
  const files: Record<string, string | null> = { ...FILES, ...differences.files };
  const { programs = ["bash"], architecture = "x86_64" } = differences;
  return {
    release: differences.release ?? "5.15.0-91-generic",
    architecture,
    read: (path) => files[path] ?? null,
    obstacle: (path) => differences.obstacles?.[path] ?? null,
    hasProgram: (name) => programs.includes(name),
    attempt: (what) => differences.failures?.[what] ?? null,
  };
}

/** What is wrong, as `NAME: PROBLEM`; `!` before what is required. */
function problems(differences: Differences): string[] {
  return checkHost(hostDouble(differences))
    .filter(({ problem }) => problem !== null)
    .map(({ name, required, problem }) => `${required ? "!" : ""}${name}: ${problem}`);
}

Deno.test("checkHost() finds nothing wrong with a host that has everything", () => {
  assertEquals(problems({}), []);
  assertEquals(checkHost(hostDouble()).length, 12);
});

Deno.test("checkHost() names the sysctl that forbids user namespaces", () => {
  const failures = { "user namespace": "unshare: Operation not permitted" };
  const problem = (files: Record<string, string | null>) => problems({ failures, files });
  assertEquals(problem({ "/proc/sys/user/max_user_namespaces": "0" }), [
    "!user namespaces: unshare: Operation not permitted; sysctl -w user.max_user_namespaces=15000",
  ]);
  assertEquals(problem({ "/proc/sys/kernel/unprivileged_userns_clone": "0" }), [
    "!user namespaces: unshare: Operation not permitted; " +
    "sysctl -w kernel.unprivileged_userns_clone=1",
  ]);
  assertEquals(problem({ "/proc/sys/kernel/apparmor_restrict_unprivileged_userns": "1" }), [
    "!user namespaces: unshare: Operation not permitted; an AppArmor profile for enroot with the " +
    "rule 'userns,', or sysctl -w kernel.apparmor_restrict_unprivileged_userns=0",
  ]);
  assertEquals(problem({ "/proc/sys/user/max_user_namespaces": null }), [
    "!user namespaces: unshare: Operation not permitted; a kernel with CONFIG_USER_NS",
  ]);
  assertEquals(problem({}), [
    "!user namespaces: unshare: Operation not permitted; " +
    "sysctl -w user.max_user_namespaces=15000 user.max_mnt_namespaces=15000",
  ]);
});

Deno.test("checkHost() believes an attempt more than a sysctl", () => {
  // An AppArmor profile for the program lifts the restriction.
  const files = { "/proc/sys/kernel/apparmor_restrict_unprivileged_userns": "1" };
  assertEquals(problems({ files }), []);
});

Deno.test("checkHost() compares kernel versions", () => {
  const problem = (release: string) => problems({ release });
  for (const release of ["4.18.0", "4.18.0-553.el8_10.x86_64", "5.4-rc1", "10.0"]) {
    assertEquals(problem(release), []);
  }
  for (const release of ["3.10.0-1160.el7.x86_64", "4.17.19"]) {
    assertEquals(problem(release), [`!Linux 4.18 or later: this is Linux ${release}`]);
  }
});

Deno.test("checkHost() minds a limited address space, unless there is enough of it", () => {
  const problem = (limit: string) =>
    problems({ files: { "/proc/self/limits": `Max address space         ${limit}     bytes` } });
  assertEquals(problem("34359738368          unlimited"), []);
  assertEquals(problem("34359738367          unlimited"), [
    "!address space (ulimit -v): it is limited to 32767 MiB; ulimit -v unlimited",
  ]);
});

Deno.test("checkHost() tells what else is required", () => {
  assertEquals(
    problems({ failures: { "memory file": "no" }, files: { "/proc/sys/vm/memfd_noexec": "2" } }),
    ["!programs without a file name: no; sysctl -w vm.memfd_noexec=0"],
  );
  assertEquals(problems({ files: { "/proc/self/status": "Name:\tenroot" } }), [
    "!seccomp filters: a kernel with CONFIG_SECCOMP_FILTER",
  ]);
  assertEquals(
    problems({ files: { "/proc/sys/kernel/seccomp/actions_avail": "kill_process allow" } }),
    ["!seccomp filters: a kernel with CONFIG_SECCOMP_FILTER"],
  );
  // Before Linux 4.14 nobody tells.
  assertEquals(problems({ files: { "/proc/sys/kernel/seccomp/actions_avail": null } }), []);
});

Deno.test("checkHost() tells what would be useful, too", () => {
  const missing = problems({
    architecture: "x86_64",
    files: {
      "/proc/sys/user/max_net_namespaces": "0",
      "/proc/filesystems": "nodev\toverlay",
      "/proc/self/mountinfo": "24 1 8:1 / / rw - ext4 /dev/sda1 rw",
      "/proc/self/maps": "00400000-00401000 r-xp 00000000 08:01 1  /usr/bin/enroot",
      "/proc/driver/nvidia/version": "NVRM version: NVIDIA UNIX",
    },
    obstacles: { "/dev/fuse": "No such file or directory" },
    failures: { overlay: "mount: Operation not permitted" },
    programs: [],
  });
  assertEquals(missing, [
    "namespaces of --pid, --net, --ipc, --uts: sysctl -w user.max_net_namespaces=15000",
    "FUSE, to start images: /dev/fuse: No such file or directory; modprobe fuse",
    "overlayfs for users, to start images: mount: Operation not permitted; " +
    "Linux 5.11 or later, or fuse-overlayfs",
    "cgroups: no hierarchy is mounted; mount -t cgroup2 cgroup2 /sys/fs/cgroup",
    "bash, for configuration scripts: not in PATH; install bash",
    "vsyscall, for images with glibc before 2.14: boot with vsyscall=emulate",
    "NVIDIA container library, for NVIDIA GPUs: install libnvidia-container1",
  ]);
});

Deno.test("checkHost() asks other architectures for no vsyscall page, and other hosts for no GPU library", () => {
  assertEquals(problems({ architecture: "aarch64", files: { "/proc/self/maps": "" } }), []);
  assertEquals(
    problems({
      files: {
        "/proc/driver/nvidia/version": "NVRM version: NVIDIA UNIX",
        "/etc/ld.so.cache": "glibc-ld.so.cache1.1\0libnvidia-container.so.1\0",
      },
    }),
    [],
  );
});

Deno.test("checkHost() takes fuse-overlayfs for an overlay", () => {
  const failures = { overlay: "mount: Operation not permitted" };
  assertEquals(problems({ failures, programs: ["bash", "fuse-overlayfs"] }), []);
});

Deno.test("checkHost() tells a closed device from a missing one", () => {
  assertEquals(problems({ obstacles: { "/dev/fuse": "Permission denied" } }), [
    "FUSE, to start images: /dev/fuse: Permission denied; chmod 666 /dev/fuse",
  ]);
});
