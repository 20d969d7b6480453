/** Which user: by number, or by name. */
export type UserKey = { uid: number } | { name: string };

/**
 * The home directory that the user database gives a user; undefined for an unknown user.
 *
 * /etc/passwd is asked first. Users of a directory service (LDAP, SSSD) are not in it: getent(1)
 * knows them, where it is installed.
 */
export function homeDirectoryOf(user: UserKey): string | undefined {
  return findHome(localDatabase(), user) ?? findHome(nameService(user), user);
}

function findHome(passwd: string, user: UserKey): string | undefined {
  for (const line of passwd.split("\n")) {
    const [name, , uid, , , home] = line.split(":");
    const matches = "uid" in user ? uid === String(user.uid) : name === user.name;
    if (matches && home !== undefined && home !== "") return home;
  }
  return undefined;
}

function localDatabase(): string {
  try {
    return Deno.readTextFileSync("/etc/passwd");
  } catch {
    return "";
  }
}

function nameService(user: UserKey): string {
  const key = "uid" in user ? String(user.uid) : user.name;
  try {
    const getent = new Deno.Command("getent", {
      args: ["passwd", "--", key],
      stdin: "null",
      stderr: "null",
    });
    return new TextDecoder().decode(getent.outputSync().stdout);
  } catch {
    return "";
  }
}
