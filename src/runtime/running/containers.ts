import { byteString, byteStringFromText, textFromByteString } from "../../bytes/mod.ts";
import { AT, fileIdentity, isSyscallError, statusAt } from "../../linux/mod.ts";
import { imageAtRoot } from "./image_root.ts";

/** Clock ticks a second in proc(5): the kernel tells programs 100, whatever it uses itself. */
const TICKS = 100;

/** The first process, by PID, of a mount namespace in which a container runs. */
export interface ContainerProcess {
  pid: number;
  /** The container's directory or the image it runs from; null for neither that we know. */
  root: { kind: "directory" | "image"; path: string } | null;
  /** The program's name, command line and state (a letter) as ps(1) has them. */
  comm: string;
  command: string;
  state: string;
  started: Date;
  /** Inode numbers of the namespaces. */
  mountNamespace: string;
  userNamespace: string;
}

/**
 * Finds the running containers in what proc(5) shows this user: mount namespaces with the lock file
 * at their root that the start of a container leaves there. Ours is among them, inside a container.
 *
 * @param directories of containers, to be recognized as roots
 */
export function containerProcesses(directories: readonly string[]): ContainerProcess[] {
  const paths = pathsByIdentity(directories);
  const bootTime = Date.now() - uptime() * 1000;
  const seen = new Set<string>();
  const processes: ContainerProcess[] = [];
  for (const pid of processIds()) {
    ifStillThere(() => {
      const mountNamespace = namespace(pid, "mnt");
      if (seen.has(mountNamespace)) return;
      if (isInContainer(pid)) {
        processes.push({
          pid,
          root: rootOf(pid, paths),
          ...programOf(pid, bootTime),
          mountNamespace,
          userNamespace: namespace(pid, "user"),
        });
      }
      seen.add(mountNamespace);
    });
  }
  return processes;
}

/** Does what it can about a process that may end at any moment, or be another user's. */
function ifStillThere(look: () => void): void {
  try {
    look();
  } catch (error) {
    const expected = error instanceof Deno.errors.NotFound ||
      error instanceof Deno.errors.PermissionDenied || isNoSuchProcess(error) ||
      isSyscallError(error, "ENOENT", "EACCES", "EPERM", "ESRCH");
    if (!expected) throw error;
  }
}

/** Reading a file of a process that has just ended fails with ESRCH, for which Deno has no class. */
function isNoSuchProcess(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ESRCH";
}

function processIds(): number[] {
  return [...Deno.readDirSync("/proc")]
    .filter(({ name }) => /^\d+$/.test(name))
    .map(({ name }) => Number(name))
    .sort((a, b) => a - b);
}

/** The inode number of a process's namespace. */
function namespace(pid: number, kind: "mnt" | "user"): string {
  return Deno.readLinkSync(`/proc/${pid}/ns/${kind}`).replace(/\D/g, "");
}

/** Whether a process has a container's root. */
function isInContainer(pid: number): boolean {
  try {
    statusAt(AT.FDCWD, `/proc/${pid}/root/.lock`);
    return true;
  } catch (error) {
    if (isSyscallError(error, "ENOENT") && isAlive(pid)) return false;
    // The kernel lets no process outside of its user namespace look into a FUSE file system.
    if (isSyscallError(error, "EACCES") && imageOf(pid) !== null) return true;
    throw error;
  }
}

/** Whether the process is still there, which is what ENOENT below its directory leaves open. */
function isAlive(pid: number): boolean {
  try {
    statusAt(AT.FDCWD, `/proc/${pid}/root/.`);
    return true;
  } catch (error) {
    if (isSyscallError(error, "ENOENT")) return false;
    throw error;
  }
}

function pathsByIdentity(directories: readonly string[]): Map<string, string> {
  const paths = new Map<string, string>();
  for (const path of directories) {
    ifStillThere(() => paths.set(identityOf(path), path));
  }
  return paths;
}

function identityOf(directory: string): string {
  return fileIdentity(statusAt(AT.FDCWD, `${byteStringFromText(directory)}/.`));
}

function rootOf(pid: number, paths: Map<string, string>): ContainerProcess["root"] {
  const image = imageOf(pid);
  if (image !== null) return { kind: "image", path: image };
  const path = paths.get(identityOf(`/proc/${pid}/root`));
  return path === undefined ? null : { kind: "directory", path };
}

function imageOf(pid: number): string | null {
  const image = imageAtRoot(read(pid, "mountinfo"));
  return image === null ? null : textFromByteString(image);
}

function programOf(
  pid: number,
  bootTime: number,
): Pick<ContainerProcess, "comm" | "command" | "state" | "started"> {
  const stat = read(pid, "stat");
  // The name is in parentheses and may itself have some.
  const end = stat.lastIndexOf(")");
  const comm = printable(stat.slice(stat.indexOf("(") + 1, end));
  const fields = stat.slice(end + 2).split(" ");
  const command = printable(read(pid, "cmdline").replace(/\0+$/, "").replaceAll("\0", " "));
  return {
    comm,
    command: command === "" ? `[${comm}]` : command,
    state: fields[0] ?? "",
    started: new Date(bootTime + Number(fields[19] ?? 0) * 1000 / TICKS),
  };
}

function printable(text: string): string {
  return textFromByteString(text).replace(/[\x00-\x1f\x7f]/g, "?");
}

function read(pid: number, file: string): string {
  return byteString(Deno.readFileSync(`/proc/${pid}/${file}`));
}

/** Seconds; whole ones where proc(5) shows nothing but processes (subset=pid). */
function uptime(): number {
  try {
    return Number(Deno.readTextFileSync("/proc/uptime").split(" ")[0]);
  } catch {
    return Deno.osUptime();
  }
}
