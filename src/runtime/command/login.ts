import type { ByteString } from "../../bytes/mod.ts";
import { findGroup, findUser, type PasswdEntry } from "../plan/accounts.ts";
import type { ReadonlyEnvironment } from "../plan/environ.ts";
import { isEnabled, type LoginDefs, parseDefsNumber, parseLoginDefs } from "../plan/login_defs.ts";
import type { ReadableFiles } from "../root/readable_files.ts";

/** The user that logs in, where, and with what. */
export interface LoginRequest {
  /** The container's files. */
  readonly files: ReadableFiles;
  /** The user id inside the container. */
  readonly uid: number;
  /** The same user's id on the host; differs when remapped to root. */
  readonly hostUid: number;
  /** The environment so far; login adds to it but changes nothing. */
  readonly environment: ReadonlyEnvironment;
  /** The inherited file creation mask. */
  readonly umask: number;
}

/** Only root may log in: print the message, and that is a success. */
export interface LoginRefusal {
  readonly kind: "nologin";
  readonly message: ByteString;
}

/** What login(1) sets up. */
export interface LoginSession {
  readonly kind: "session";
  /** Variables to add; none of them is in the environment yet. */
  readonly variables: ReadonlyMap<ByteString, ByteString>;
  readonly umask: number;
  /** RLIMIT_FSIZE in bytes, Infinity for no limit; null to leave it. */
  readonly fileSizeLimit: number | null;
  /** Where to change to; null to stay. When `required`, a failure ends the login. */
  readonly home: { readonly directory: ByteString; readonly required: boolean } | null;
  /** A program to run in place of the user's shell, when it can be executed. */
  readonly fakeShell: ByteString | null;
  /** Files to print before an interactive shell. */
  readonly messageFiles: readonly ByteString[];
}

// The paths of login(1) and paths.h.
const LOGIN_DEFS = "/etc/login.defs";
const LOCALE_CONF = "/etc/locale.conf";
const NOLOGIN = "/etc/nologin";
const MAIL_DIRECTORY = "/var/mail";
const ROOT_PATH = "/usr/bin:/bin:/usr/sbin:/sbin";
const USER_PATH = "/usr/bin:/bin";

/** Where programs are looked for when neither the image nor a login says so: a shell's own default. */
export const DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

const LOCALE_VARIABLES = new Set([
  "LANG",
  "LANGUAGE",
  "LC_CTYPE",
  "LC_NUMERIC",
  "LC_TIME",
  "LC_COLLATE",
  "LC_MONETARY",
  "LC_MESSAGES",
  "LC_PAPER",
  "LC_NAME",
  "LC_ADDRESS",
  "LC_TELEPHONE",
  "LC_MEASUREMENT",
  "LC_IDENTIFICATION",
]);

/**
 * Works out what login(1) would do in the container, from its own login.defs(5), passwd(5) and
 * locale.conf(5). What is missing or makes no sense there is left out.
 */
export function planLogin(request: LoginRequest): LoginRefusal | LoginSession {
  const { files, uid, hostUid, environment } = request;
  const defs = parseLoginDefs(files.read(LOGIN_DEFS) ?? "");
  if (uid !== 0) {
    const file = defs.get("NOLOGINS_FILE") ?? NOLOGIN;
    if (files.status(file) !== null) return { kind: "nologin", message: files.read(file) ?? "" };
  }

  const passwd = files.read("/etc/passwd") ?? "";
  const user = findUser(passwd, uid);
  const variables = new Map<ByteString, ByteString>();
  const value = (name: ByteString) => environment.get(name) ?? variables.get(name) ?? "";
  const add = (name: ByteString, text: ByteString | null | undefined) => {
    if (text && !environment.has(name) && !variables.has(name)) variables.set(name, text);
  };

  add("TERM", "dumb");
  add("HOME", user?.directory);
  add("SHELL", user?.shell);
  add("USER", user?.name);
  add("LOGNAME", (hostUid === uid ? user : findUser(passwd, hostUid))?.name);
  add("PATH", withoutPrefix(defs.get(uid === 0 ? "ENV_SUPATH" : "ENV_PATH"), "PATH="));
  add("PATH", uid === 0 ? ROOT_PATH : USER_PATH);
  if (isEnabled(defs, "MAIL_CHECK_ENAB")) {
    add("MAIL", joined(defs.get("MAIL_DIR"), value("USER")));
    add("MAIL", joined(value("HOME"), defs.get("MAIL_FILE")));
    add("MAIL", joined(MAIL_DIRECTORY, value("USER")));
  }
  add("TZ", timeZone(defs.get("ENV_TZ"), files));
  for (const [name, text] of parseLoginDefs(files.read(LOCALE_CONF) ?? "")) {
    if (LOCALE_VARIABLES.has(name)) add(name, text);
  }

  const directory = value("HOME");
  return {
    kind: "session",
    variables,
    umask: umaskOf(request, defs, user),
    fileSizeLimit: fileSizeLimit(defs.get("ULIMIT")),
    home: directory === "" ? null : { directory, required: !isEnabled(defs, "DEFAULT_HOME") },
    fakeShell: defs.get("FAKE_SHELL") ?? null,
    messageFiles: isHushed({ files, defs, home: directory, user })
      ? []
      : (defs.get("MOTD_FILE") ?? "").split(":").filter((file) => file !== ""),
  };
}

/** The mask of login.defs; users who have a group of their own give it what they have themselves. */
function umaskOf(request: LoginRequest, defs: LoginDefs, user: PasswdEntry | null): number {
  const mask = (parseDefsNumber(defs.get("UMASK")) ?? request.umask) & 0o777;
  if (!isEnabled(defs, "USERGROUPS_ENAB")) return mask;
  if (user === null || user.uid === 0 || user.uid !== user.gid) return mask;
  const group = findGroup(request.files.read("/etc/group") ?? "", user.gid);
  return group?.name === user.name ? (mask & ~0o070) | ((mask >> 3) & 0o070) : mask;
}

/** `ULIMIT`: blocks of 512 bytes, -1 for no limit. */
function fileSizeLimit(blocks: ByteString | undefined): number | null {
  if (blocks === undefined || !/^(-1|[0-9]+)$/.test(blocks)) return null;
  const bytes = Number(blocks) * 512;
  return bytes >= 0 && Number.isSafeInteger(bytes) ? bytes : Infinity;
}

/** `ENV_TZ`: a time zone, or the file whose first line is one; perhaps written as an assignment. */
function timeZone(setting: ByteString | undefined, files: ReadableFiles): ByteString | undefined {
  if (setting === undefined || !setting.startsWith("/")) return withoutPrefix(setting, "TZ=");
  return withoutPrefix(files.read(setting)?.split("\n", 1)[0], "TZ=");
}

interface HushQuestion {
  readonly files: ReadableFiles;
  readonly defs: LoginDefs;
  readonly home: ByteString;
  readonly user: PasswdEntry | null;
}

/**
 * `HUSHLOGIN_FILE`: a name in the home directory that need only exist, or an absolute path of a
 * file that lists users and shells.
 */
function isHushed({ files, defs, home, user }: HushQuestion): boolean {
  const file = defs.get("HUSHLOGIN_FILE");
  if (file === undefined || !defs.has("MOTD_FILE")) return false;
  if (!file.startsWith("/")) return files.status(`${home}/${file}`) !== null;
  const lines = files.read(file)?.split("\n") ?? [];
  return user !== null && (lines.includes(user.name) || lines.includes(user.shell));
}

function joined(directory: ByteString | undefined, name: ByteString | undefined): ByteString {
  return directory && name ? `${directory}/${name}` : "";
}

function withoutPrefix(text: ByteString | undefined, prefix: string): ByteString | undefined {
  return text?.startsWith(prefix) ? text.slice(prefix.length) : text;
}
