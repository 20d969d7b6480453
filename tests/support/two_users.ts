/** Tests of what one ordinary user of a machine can do to another. */
import { NEIGHBOUR_UID, TEST_UID } from "./enroot.ts";

/** Declares a test that acts as two users: it is ignored, with the reason, where only root could. */
export function twoUsersTest(name: string, fn: () => void | Promise<void>): void {
  const obstacle = Deno.uid() !== 0
    ? "only root can act as two users"
    : NEIGHBOUR_UID === TEST_UID
    ? "the two users are the same"
    : undefined;
  Deno.test({
    name: obstacle === undefined ? name : `${name} (skipped: ${obstacle})`,
    ignore: obstacle !== undefined,
    fn,
  });
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
