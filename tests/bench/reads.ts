import type { Comparison, Contestant } from "./comparison.ts";
import { MEASUREMENTS, prepare } from "./fuse.ts";
import { compileServer, type Contender, contenders, withMount } from "./fuse_contenders.ts";
import { makeImages } from "./fuse_images.ts";
import type { Workbench } from "./workbench.ts";

/** We want to be three times as fast as others behind FUSE, and to come close to the kernel. */
const GOALS: Readonly<Record<string, number>> = { squashfuse: 1 / 3, "kernel (loop)": 1 / 0.7 };
const MEMORY_GOAL = 100e6;

/** Reading what is in an image that is mounted, against others who mount images. */
export function readSuite(bench: Workbench): Comparison[] {
  if (Deno.uid() !== 0 || !bench.has("mksquashfs", "umount")) return [];
  const directory = bench.path("reads");
  const mountpoint = `${directory}/mount`;
  Deno.mkdirSync(mountpoint, { recursive: true });
  const images = makeImages(directory, { files: bench.files });
  const [ours, ...others] = contenders(compileServer(directory));
  if (ours === undefined) return [];
  return MEASUREMENTS.flatMap(({ title, image, work }) => {
    const contestant = (contender: Contender): Contestant => ({
      async run() {
        prepare(images[image], { cold: false });
        const where = { image: images[image], directory: mountpoint };
        const { result, cost } = await withMount(contender, where, async () => {
          const begin = performance.now();
          return await work(mountpoint) ?? (performance.now() - begin) / 1000;
        });
        return {
          amount: result,
          processorTime: cost?.processor ?? 0,
          peakMemory: (cost?.resident ?? 0) * 2 ** 20,
        };
      },
    });
    return others.map((other): Comparison => ({
      name: title,
      against: other.name,
      ours: contestant(ours),
      theirs: contestant(other),
      goal: GOALS[other.name] ?? null,
      memoryGoal: MEMORY_GOAL,
      repeats: bench.repeats,
    }));
  });
}
