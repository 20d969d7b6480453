/** skopeo(1), which copies images from one form to another. */
import { makeTemporaryDirectory } from "./temp.ts";

/**
 * Runs skopeo apart from what this machine's user has of it: it would look for logins in
 * /run/containers, where an ordinary user may look into nothing.
 *
 * @throws {Error} with what it wrote, when it fails
 */
export async function skopeo([command = "", ...args]: string[]): Promise<void> {
  using directory = makeTemporaryDirectory();
  const { success, stderr } = await new Deno.Command("skopeo", {
    args: [
      "--insecure-policy",
      ...["--tmpdir", directory.path],
      command,
      ...(command === "copy" ? ["--quiet"] : []),
      ...args,
    ],
    env: {
      HOME: directory.path,
      XDG_RUNTIME_DIR: directory.path,
      REGISTRY_AUTH_FILE: `${directory.path}/auth.json`,
    },
  }).output();
  if (!success) throw new Error(`skopeo: ${new TextDecoder().decode(stderr)}`);
}
