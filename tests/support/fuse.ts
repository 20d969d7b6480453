/** Tests of images that are mounted through FUSE by an ordinary user. */
import { containerTest } from "./container.ts";
import type { Needs } from "./requires.ts";
import { until } from "./until.ts";

/** Declares a test that starts or mounts images. */
export function imageTest(
  name: string,
  fn: () => void | Promise<void>,
  needs: Needs = {},
): void {
  containerTest(name, fn, { fuse: true, ...needs });
}

/** The processes that hold a file open, its servers if it is an image. */
export function holdersOf(path: string): number[] {
  return [...Deno.readDirSync("/proc")].map(({ name }) => name).filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return [...Deno.readDirSync(`/proc/${pid}/fd`)].some(({ name }) =>
          Deno.readLinkSync(`/proc/${pid}/fd/${name}`) === path
        );
      } catch {
        return false; // It is gone, or not ours.
      }
    }).map(Number);
}

/** Waits until no process holds a file open. @throws {Error} after 10 s */
export async function untilReleased(path: string): Promise<void> {
  await until(() => holdersOf(path).length === 0, { seconds: 10, interval: 100 });
}
