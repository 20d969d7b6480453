/** Tests of images that are mounted through FUSE by an ordinary user. */
import { containerTest } from "./container.ts";
import { fuseObstacle, isInstalled } from "./requires.ts";

/** Declares a test that starts or mounts images: it is ignored, with the reason, where that cannot be. */
export function imageTest(name: string, fn: () => Promise<void>): void {
  skippableTest(name, { obstacle: fuseObstacle(), fn });
}

/** Declares a test that needs fuse-overlayfs(1), too. */
export function fuseOverlayTest(name: string, fn: () => Promise<void>): void {
  const obstacle = isInstalled("fuse-overlayfs") ? undefined : "no fuse-overlayfs";
  skippableTest(name, { obstacle: fuseObstacle() ?? obstacle, fn });
}

function skippableTest(
  name: string,
  { obstacle, fn }: { obstacle: string | undefined; fn: () => Promise<void> },
): void {
  if (obstacle === undefined) containerTest(name, fn);
  else Deno.test({ name: `${name} (skipped: ${obstacle})`, ignore: true, fn });
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
  for (let attempts = 0; holdersOf(path).length > 0; attempts++) {
    if (attempts === 100) throw new Error(`${path} is still held by ${holdersOf(path)}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
