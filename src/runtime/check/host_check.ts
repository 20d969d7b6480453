import { namespaceRemedies } from "../process/namespaces.ts";
import type { HostFacts } from "./host_facts.ts";

/** One thing a host should have, and what came of looking for it. */
export interface Finding {
  readonly name: string;
  /** Whether no container can start without it. */
  readonly required: boolean;
  /** What is wrong and how to mend it; null when all is well. */
  readonly problem: string | null;
}

interface Check {
  readonly name: string;
  readonly required: boolean;
  readonly problem: (host: HostFacts) => string | null;
}

/** V8 reserves that much, although it uses little of it. */
const ADDRESS_SPACE = 32 * 2 ** 30;

const CHECKS: readonly Check[] = [
  { name: "Linux 4.18 or later", required: true, problem: oldKernel },
  { name: "address space (ulimit -v)", required: true, problem: smallAddressSpace },
  { name: "programs without a file name", required: true, problem: memoryFiles },
  { name: "user namespaces", required: true, problem: userNamespaces },
  { name: "seccomp filters", required: true, problem: seccomp },
  { name: "namespaces of --pid, --net, --ipc, --uts", required: false, problem: otherNamespaces },
  { name: "FUSE, to start images", required: false, problem: fuse },
  { name: "overlayfs for users, to start images", required: false, problem: overlay },
  { name: "cgroups", required: false, problem: cgroups },
  { name: "bash, for configuration scripts", required: false, problem: bash },
  { name: "vsyscall, for images with glibc before 2.14", required: false, problem: vsyscall },
  { name: "NVIDIA container library, for NVIDIA GPUs", required: false, problem: nvidia },
];

/** Looks for everything that running containers needs, or can use. */
export function checkHost(host: HostFacts): Finding[] {
  return CHECKS.map(({ name, required, problem }) => ({ name, required, problem: problem(host) }));
}

function oldKernel({ release }: HostFacts): string | null {
  const [major = 0, minor = 0] = release.split(/[.-]/).map(Number);
  return major > 4 || (major === 4 && minor >= 18) ? null : `this is Linux ${release}`;
}

function smallAddressSpace(host: HostFacts): string | null {
  const limits = host.read("/proc/self/limits") ?? "";
  const bytes = Number(/^Max address space +(\d+) /m.exec(limits)?.[1] ?? Infinity);
  return bytes >= ADDRESS_SPACE
    ? null
    : `it is limited to ${Math.floor(bytes / 2 ** 20)} MiB; ulimit -v unlimited`;
}

function memoryFiles(host: HostFacts): string | null {
  const reason = host.attempt("memory file");
  if (reason === null) return null;
  const remedy = host.read("/proc/sys/vm/memfd_noexec") === "0"
    ? ""
    : "; sysctl -w vm.memfd_noexec=0";
  return `${reason}${remedy}`;
}

function userNamespaces(host: HostFacts): string | null {
  const reason = host.attempt("user namespace");
  if (reason === null) return null;
  const remedies = namespaceRemedies((path) => host.read(path));
  if (host.read("/proc/sys/user/max_user_namespaces") === null) {
    remedies.push("a kernel with CONFIG_USER_NS");
  } else if (remedies.length === 0) {
    remedies.push("sysctl -w user.max_user_namespaces=15000 user.max_mnt_namespaces=15000");
  }
  return [reason, ...remedies].join("; ");
}

function seccomp(host: HostFacts): string | null {
  if (!/^Seccomp:/m.test(host.read("/proc/self/status") ?? "")) {
    return "a kernel with CONFIG_SECCOMP_FILTER";
  }
  const actions = host.read("/proc/sys/kernel/seccomp/actions_avail");
  return actions === null || actions.split(" ").includes("errno")
    ? null
    : "a kernel with CONFIG_SECCOMP_FILTER";
}

function otherNamespaces(host: HostFacts): string | null {
  const settings = ["pid", "net", "ipc", "uts", "cgroup"].map((kind) => `max_${kind}_namespaces`);
  const forbidden = settings.filter((name) => host.read(`/proc/sys/user/${name}`) === "0");
  return forbidden.length === 0
    ? null
    : `sysctl -w ${forbidden.map((name) => `user.${name}=15000`).join(" ")}`;
}

function fuse(host: HostFacts): string | null {
  const obstacle = host.obstacle("/dev/fuse");
  if (obstacle === null) return null;
  const isKnown = /\bfuse$/m.test(host.read("/proc/filesystems") ?? "");
  return `/dev/fuse: ${obstacle}; ${isKnown ? "chmod 666 /dev/fuse" : "modprobe fuse"}`;
}

function overlay(host: HostFacts): string | null {
  const reason = host.attempt("overlay");
  if (reason === null || host.hasProgram("fuse-overlayfs")) return null;
  const isKnown = /\boverlay$/m.test(host.read("/proc/filesystems") ?? "");
  return `${reason}; ${isKnown ? "Linux 5.11 or later" : "modprobe overlay"}, or fuse-overlayfs`;
}

function cgroups(host: HostFacts): string | null {
  return / - cgroup2? /.test(host.read("/proc/self/mountinfo") ?? "")
    ? null
    : "no hierarchy is mounted; mount -t cgroup2 cgroup2 /sys/fs/cgroup";
}

function bash(host: HostFacts): string | null {
  return host.hasProgram("bash") ? null : "not in PATH; install bash";
}

/** Old C libraries call the kernel through a page at a fixed address. */
function vsyscall(host: HostFacts): string | null {
  if (host.architecture !== "x86_64") return null;
  return / \[vsyscall\]$/m.test(host.read("/proc/self/maps") ?? "")
    ? null
    : "boot with vsyscall=emulate";
}

function nvidia(host: HostFacts): string | null {
  if (host.read("/proc/driver/nvidia/version") === null) return null;
  return host.read("/etc/ld.so.cache")?.includes("libnvidia-container.so.1")
    ? null
    : "install libnvidia-container1";
}
