import { TEST_UID } from "./enroot.ts";

/** What a sysctl must not be set to, for ordinary users to have user namespaces. */
const FORBIDDING: Readonly<Record<string, string>> = {
  "user/max_user_namespaces": "0",
  "kernel/unprivileged_userns_clone": "0",
  "kernel/apparmor_restrict_unprivileged_userns": "1",
};

/**
 * Why the test user may not make user namespaces here; undefined if it may, or if nobody can tell
 * without trying.
 */
export function userNamespaceObstacle(): string | undefined {
  for (const [name, forbidding] of Object.entries(FORBIDDING)) {
    if (sysctl(name) === forbidding) return `${name.replace("/", ".")} is ${forbidding}`;
  }
  try {
    const { success, stderr } = new Deno.Command("unshare", {
      args: ["--user", "--map-current-user", "--mount", "true"],
      ...(Deno.uid() === 0 ? { uid: TEST_UID, gid: TEST_UID } : {}),
    }).outputSync();
    return success ? undefined : new TextDecoder().decode(stderr).trim();
  } catch {
    return undefined;
  }
}

function sysctl(name: string): string | undefined {
  try {
    return Deno.readTextFileSync(`/proc/sys/${name}`).trim();
  } catch {
    // Not every kernel has every one.
    return undefined;
  }
}
