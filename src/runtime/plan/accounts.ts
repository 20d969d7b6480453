import type { ByteString } from "../../bytes/mod.ts";

/** An entry of passwd(5). */
export interface PasswdEntry {
  readonly name: ByteString;
  readonly uid: number;
  readonly gid: number;
  readonly gecos: ByteString;
  readonly directory: ByteString;
  readonly shell: ByteString;
}

/** An entry of group(5), without its members. */
export interface GroupEntry {
  readonly name: ByteString;
  readonly gid: number;
}

const MAX_ID = 0xffff_fffe;

/**
 * The first entry of a passwd(5) file with this user id.
 *
 * Lines that the C library would pass over (comments, NIS `+` entries, missing fields, ids that are
 * no numbers) are passed over.
 */
export function findUser(passwd: ByteString, uid: number): PasswdEntry | null {
  const id = String(uid);
  for (const line of linesOf(passwd)) {
    // Most lines are of other users: look before cutting up.
    if (!line.includes(`:${id}:`)) continue;
    const entry = parsePasswdEntry(line);
    if (entry !== null && entry.uid === uid) return entry;
  }
  return null;
}

/** The first entry of a group(5) file with this group id. Other lines are treated as above. */
export function findGroup(group: ByteString, gid: number): GroupEntry | null {
  const id = String(gid);
  for (const line of linesOf(group)) {
    if (!line.includes(`:${id}`)) continue;
    const entry = parseGroupEntry(line);
    if (entry !== null && entry.gid === gid) return entry;
  }
  return null;
}

/** One line of passwd(5), without its newline; null when it is not an entry. */
export function parsePasswdEntry(line: ByteString): PasswdEntry | null {
  const [name, , uidText, gidText, gecos, directory, shell] = line.split(":", 7);
  const uid = parseId(uidText);
  const gid = parseId(gidText);
  if (name === undefined || !isAccountName(name) || uid === null || gid === null) return null;
  if (gecos === undefined || directory === undefined) return null;
  return { name, uid, gid, gecos, directory, shell: shell ?? "" };
}

/** One line of group(5), without its newline; null when it is not an entry. */
export function parseGroupEntry(line: ByteString): GroupEntry | null {
  const [name, , gidText] = line.split(":", 3);
  const gid = parseId(gidText);
  if (name === undefined || !isAccountName(name) || gid === null) return null;
  return { name, gid };
}

/** The line of passwd(5) for an entry, without newline; the password is elsewhere (`x`). */
export function formatPasswdEntry(entry: PasswdEntry): ByteString {
  return [
    entry.name,
    "x",
    String(entry.uid),
    String(entry.gid),
    entry.gecos,
    entry.directory,
    entry.shell,
  ].map(withoutSeparators).join(":");
}

/** The line of group(5) for an entry, without newline and without members. */
export function formatGroupEntry(entry: GroupEntry): ByteString {
  return `${withoutSeparators(entry.name)}:x:${entry.gid}:`;
}

function* linesOf(text: ByteString): Generator<ByteString> {
  for (let start = 0; start < text.length;) {
    const newline = text.indexOf("\n", start);
    const end = newline < 0 ? text.length : newline;
    yield text.slice(start, end);
    start = end + 1;
  }
}

function parseId(text: string | undefined): number | null {
  if (text === undefined || !/^[0-9]{1,10}$/.test(text)) return null;
  const id = Number(text);
  return id <= MAX_ID ? id : null;
}

function isAccountName(name: ByteString): boolean {
  return name !== "" && !/^[+\-#]/.test(name);
}

/** A directory service may answer anything; a file of lines and colons cannot hold it all. */
function withoutSeparators(field: ByteString): ByteString {
  return field.replace(/[:\n\0]/g, "");
}
