/** What tests need of the machine, and why it cannot be had. */

/** Whether a program is in PATH. */
export function isInstalled(program: string): boolean {
  return (Deno.env.get("PATH") ?? "").split(":").some((directory) => {
    try {
      return Deno.statSync(`${directory}/${program}`).isFile;
    } catch {
      return false;
    }
  });
}

/** Why images cannot be served here; undefined if they can. */
export function fuseObstacle(): string | undefined {
  try {
    const { mode } = Deno.statSync("/dev/fuse");
    return ((mode ?? 0) & 0o006) === 0o006 ? undefined : "users may not open /dev/fuse";
  } catch {
    return "there is no /dev/fuse";
  }
}
