import { escapeFstabField, type Hook, type HookContext } from "../src/runtime/hook/hook.ts";

const NODES = ["zero", "null", "full", "urandom", "random"];
const BIND = "x-create=file,bind,rw,nosuid,noexec,private";
const TREE = "x-create=dir,bind,rw,nosuid,noexec,nodev,rslave";

const LINKS = [
  ["/dev/fd", "/proc/self/fd"],
  ["/dev/ptmx", "/dev/pts/ptmx"],
  ["/dev/stdin", "/proc/self/fd/0"],
  ["/dev/stdout", "/proc/self/fd/1"],
  ["/dev/stderr", "/proc/self/fd/2"],
] as const;

/**
 * Replaces the host's `/dev` by a small one: on request (`ENROOT_RESTRICT_DEV`), and when the
 * container has System V and POSIX IPC of its own, since `/dev/shm` and `/dev/mqueue` belong to it.
 */
export const devices: Hook = {
  name: "10-devices",
  run(context) {
    if (!context.restrictDev && !context.unshareIpc) return;
    for (const line of mountLines(context)) context.mountNow(line);
    for (const [path, target] of LINKS) context.files.symlink(target, path);
  },
};

function mountLines({ host, unshareIpc }: HookContext): string[] {
  /** A line for what only some hosts have. */
  const optional = (path: string, options: string) =>
    host.files.status(path) === null ? [] : [`${path} ${path} none ${options}`];

  return [
    "none /dev none x-detach,nofail,silent",
    "tmpfs /dev tmpfs x-create=dir,rw,nosuid,noexec,mode=755,slave",
    ...NODES.map((name) => `/dev/${name} /dev/${name} none ${BIND}`),
    "devpts /dev/pts devpts " +
    "x-create=dir,rw,nosuid,noexec,newinstance,ptmxmode=0666,mode=620,slave",
    ...optional("/dev/tty", BIND),
    ...(host.terminal === null
      ? []
      : [`${escapeFstabField(host.terminal)} /dev/console none ${BIND}`]),
    ...(unshareIpc
      ? [
        "tmpfs /dev/shm tmpfs x-create=dir,rw,nosuid,noexec,nodev,slave",
        "mqueue /dev/mqueue mqueue x-create=dir,rw,nosuid,noexec,nodev,slave",
      ]
      : [...optional("/dev/shm", TREE), ...optional("/dev/mqueue", TREE)]),
    ...optional("/dev/hugepages", `${TREE},nofail,silent`),
    ...optional("/dev/log", "x-create=file,bind,rw,nosuid,noexec,nodev,private"),
  ];
}
