import { rawSyscall, tryRawSyscall } from "../call/raw_syscall.ts";
import { memory, type Syscall } from "../table/syscall_image.ts";

const LINUX_CAPABILITY_VERSION_3 = 0x20080522;
const PR_CAPBSET_DROP = 24;
const PR_CAP_AMBIENT = 47;
const PR_CAP_AMBIENT_RAISE = 2;
const PR_CAP_AMBIENT_CLEAR_ALL = 4;

/** The highest capability this kernel knows: asked of it, for /proc/sys may be hidden (subset=pid). */
export function lastCapability(): number {
  const PR_CAPBSET_READ = 23, CAP_CHECKPOINT_RESTORE = 40; // The last one of Linux 5.9 to 6.18.
  const isKnown = (capability: number) =>
    tryRawSyscall("prctl", [PR_CAPBSET_READ, capability]) >= 0;
  let last = CAP_CHECKPOINT_RESTORE;
  while (!isKnown(last)) last--;
  while (isKnown(last + 1)) last++;
  return last;
}

/**
 * Rows that let the full capabilities which a process has in its new user namespace survive
 * execve(2), through the inheritable and ambient sets (capabilities(7)).
 */
export function keepCapabilitiesOnExec(): Syscall[] {
  const last = lastCapability();
  const all = (1n << BigInt(last + 1)) - 1n;
  const rows: Syscall[] = [{
    name: "capset",
    arguments: [memory(capabilityHeader()), memory(capabilityData(all))],
    failure: "Cannot keep capabilities",
  }];
  for (let capability = 0; capability <= last; capability++) {
    rows.push({
      name: "prctl",
      arguments: [PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0],
      failure: "Cannot keep capabilities",
    });
  }
  return rows;
}

/** Rows that empty the bounding, ambient, inheritable, permitted and effective sets. */
export function dropCapabilitiesRows(): Syscall[] {
  const rows: Syscall[] = [];
  const failure = "Cannot drop capabilities";
  for (let capability = lastCapability(); capability >= 0; capability--) {
    rows.push({ name: "prctl", arguments: [PR_CAPBSET_DROP, capability, 0, 0, 0], failure });
  }
  rows.push({
    name: "prctl",
    arguments: [PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0],
    failure,
  });
  rows.push({
    name: "capset",
    arguments: [memory(capabilityHeader()), memory(capabilityData(0n))],
    failure,
  });
  return rows;
}

/**
 * Has this thread act without its capabilities, although it has them: programs to be executed still
 * get what was raised for them ({@link keepCapabilitiesOnExec}). @throws {SyscallError}
 */
export function actWithoutCapabilities(): void {
  const data = new Uint32Array(6);
  const bytes = new Uint8Array(data.buffer);
  rawSyscall("capget", [capabilityHeader(), bytes]);
  const [EFFECTIVE_LOW, EFFECTIVE_HIGH] = [0, 3];
  data[EFFECTIVE_LOW] = data[EFFECTIVE_HIGH] = 0;
  rawSyscall("capset", [capabilityHeader(), bytes]);
}

function capabilityHeader(): Uint8Array<ArrayBuffer> {
  const words = new Uint32Array([LINUX_CAPABILITY_VERSION_3, 0]);
  return new Uint8Array(words.buffer);
}

/** Effective, permitted and inheritable sets, all equal. */
function capabilityData(set: bigint): Uint8Array<ArrayBuffer> {
  const low = Number(set & 0xffffffffn);
  const high = Number(set >> 32n);
  return new Uint8Array(new Uint32Array([low, low, low, high, high, high]).buffer);
}
