import { resolve } from "@std/path";

/**
 * The absolute path of a path as users give it.
 *
 * A working directory whose path is no text, or that was deleted, is named by its link in procfs
 * (proc_pid_cwd(5)): what lies in the one is found, in the other nothing is and nothing can be made.
 */
export function absolutePath(path: string): string {
  return resolve(currentDirectory(), path);
}

function currentDirectory(): string {
  try {
    return Deno.cwd();
  } catch {
    return "/proc/self/cwd";
  }
}
