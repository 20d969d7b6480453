import type { ByteString } from "../src/bytes/mod.ts";
import {
  formatGroupEntry,
  formatPasswdEntry,
  type GroupEntry,
  type Hook,
  type HookContext,
  isEnabled,
  type LoginDefs,
  parseDefsNumber,
  parseLoginDefs,
  type PasswdEntry,
  type RootFiles,
} from "../src/runtime/hook/hook.ts";
import { copyTree } from "./tree_copy.ts";

const OVERFLOW_ID = 65534;
const STANDARD_NAMES = new Set(["root", "nobody"]);

/**
 * Makes the caller known in the container: entries in passwd(5) and group(5), a home directory and,
 * where the container's defaults ask for it, a mailbox.
 */
export const shadow: Hook = {
  name: "10-shadow",
  run(context) {
    const { files } = context;
    const defs: LoginDefs = new Map([
      ...parseLoginDefs(files.read("/etc/login.defs") ?? ""),
      ...parseLoginDefs(files.read("/etc/default/useradd") ?? ""),
    ]);
    const group = callersGroup(context);
    const user = callersEntry(context, { defs, group });
    const nobody = { uid: kernelId(context, "overflowuid"), gid: kernelId(context, "overflowgid") };

    files.makeDirectories("/etc", 0o755);
    putFirst(files, {
      path: "/etc/group",
      lines: withCaller(group, [{ name: "root", gid: 0 }, { name: "nogroup", gid: nobody.gid }])
        .map(formatGroupEntry),
    });
    const root = { name: "root", uid: 0, gid: 0, gecos: "root", directory: "/root" };
    putFirst(files, {
      path: "/etc/passwd",
      lines: withCaller(user, [
        { ...root, shell: user.shell },
        { name: "nobody", ...nobody, gecos: "nobody", directory: "/", shell: "/sbin/nologin" },
      ]).map(formatPasswdEntry),
    });
    makeHome(files, { defs, user });
    makeMailbox(files, { defs, user });
  },
};

/** The caller's entry on the host, with a shell that the container has. */
function callersEntry(
  context: HookContext,
  { defs, group }: { defs: LoginDefs; group: GroupEntry },
): PasswdEntry {
  const entry = context.host.passwd ?? entryWithoutAccount(context, group);
  const status = entry.shell.startsWith("/") ? context.files.status(entry.shell) : null;
  const isExecutable = status?.kind === "file" && (status.mode & 0o111) !== 0;
  return isExecutable ? entry : { ...entry, shell: defs.get("SHELL") ?? "/bin/sh" };
}

/** What a caller without account (an id that a batch system made up, say) can be called. */
function entryWithoutAccount({ host, hostUid }: HookContext, { gid }: GroupEntry): PasswdEntry {
  const { environment } = host;
  const user = environment.get("USER");
  return {
    name: user && !STANDARD_NAMES.has(user) ? user : String(hostUid),
    uid: hostUid,
    gid,
    gecos: "",
    directory: environment.get("HOME") || "/",
    shell: environment.get("SHELL") ?? "",
  };
}

function callersGroup({ host, hostGid }: HookContext): GroupEntry {
  return host.group ?? { name: String(hostGid), gid: hostGid };
}

/** The entries every container gets, and the caller's: in place of one of the same name, or last. */
function withCaller<T extends { readonly name: ByteString }>(caller: T, entries: T[]): T[] {
  const place = entries.findIndex(({ name }) => name === caller.name);
  return place < 0 ? [...entries, caller] : entries.with(place, caller);
}

/**
 * Puts lines first in a passwd(5) or group(5) file, so that they win, and removes those of the same
 * name, and of `_apt`: apt would try to become that user, whose id is not mapped.
 */
function putFirst(
  files: RootFiles,
  { path, lines }: { path: ByteString; lines: ByteString[] },
): void {
  const old = files.read(path) ?? "";
  const nameOf = (line: ByteString) => line.split(":", 1)[0] ?? "";
  const gone = new Set(["", "_apt", ...lines.map(nameOf)]);
  const kept = old.split("\n").filter((line) => !gone.has(nameOf(line)));
  const content = [...lines, ...kept].map((line) => `${line}\n`).join("");
  // Starts of one container run side by side: do not write what is there already.
  if (content !== old) files.replace(path, content, 0o644);
}

interface Account {
  readonly defs: LoginDefs;
  readonly user: PasswdEntry;
}

function makeHome(files: RootFiles, { defs, user: { directory } }: Account): void {
  if (!directory.startsWith("/") || files.status(directory) !== null) return;
  if (defs.has("CREATE_HOME") && !isEnabled(defs, "CREATE_HOME")) return;
  const umask = parseDefsNumber(defs.get("UMASK")) ?? 0o077;
  files.makeDirectories(directory, parseDefsNumber(defs.get("HOME_MODE")) ?? 0o777 & ~umask);
  copyTree(files, defs.get("SKEL") ?? "/etc/skel", directory);
}

function makeMailbox(files: RootFiles, { defs, user }: Account): void {
  if (!isEnabled(defs, "CREATE_MAIL_SPOOL")) return;
  const directory = defs.get("MAIL_DIR") ?? "/var/mail";
  const path = `${directory}/${user.name}`;
  if (files.status(path) !== null) return;
  files.makeDirectories(directory, 0o755);
  files.replace(path, "", 0o660);
}

/** The id that stands for every id which is not mapped (proc(5), /proc/sys/kernel). */
function kernelId({ host }: HookContext, name: "overflowuid" | "overflowgid"): number {
  const text = host.files.read(`/proc/sys/kernel/${name}`)?.trim();
  return parseDefsNumber(text) ?? OVERFLOW_ID;
}
