/** Tests of what one ordinary user of a machine can do to another. */
import { NEIGHBOUR_UID } from "./enroot.ts";
import { type Needs, requiring } from "./requires.ts";

/** Declares a test that acts as two users. */
export function twoUsersTest(
  name: string,
  fn: () => void | Promise<void>,
  needs: Needs = {},
): void {
  Deno.test({ ...requiring({ twoUsers: true, ...needs }, name), fn });
}

/** Runs a shell script as the neighbour. @throws {Error} with what it wrote, when it fails */
export async function asNeighbour(script: string, args: string[] = []): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command("sh", {
    args: ["-c", script, "sh", ...args],
    uid: NEIGHBOUR_UID,
    gid: NEIGHBOUR_UID,
    cwd: "/",
  }).output();
  const decoder = new TextDecoder();
  if (!success) throw new Error(`as the neighbour: ${decoder.decode(stderr)}`);
  return decoder.decode(stdout);
}
