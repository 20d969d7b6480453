import type { Comparison } from "./comparison.ts";
import { measure } from "./measurement.ts";
import type { SampleTree, Workbench } from "./workbench.ts";

/** Options of mksquashfs for what we write if not told otherwise: data as they are, the rest fast. */
export const OUR_DEFAULT = "-comp zstd -Xcompression-level 1 -noD";

/** Ours, what the original writes, and data that are compressed. */
const FORMATS = [
  { label: "our default", options: OUR_DEFAULT },
  { label: "lzo -noD", options: "-comp lzo -noD" },
  { label: "gzip", options: "-comp gzip" },
];
interface Format {
  label: string;
  options: string;
}

const MEMORY_GOAL = 512e6;

/** From an image to a directory, and back. */
export async function imageSuite(bench: Workbench): Promise<Comparison[]> {
  if (!bench.has("mksquashfs", "unsquashfs")) return [];
  const comparisons: Comparison[] = [];
  for (const tree of bench.trees()) {
    for (const format of FORMATS) comparisons.push(await creation(bench, { tree, format }));
    const container = `container-${comparisons.length}`;
    const image = await bench.image(tree, OUR_DEFAULT);
    await measure(bench.enroot(["create", "-n", container, image]));
    for (const format of FORMATS) {
      comparisons.push(exportation(bench, { tree, container, format }));
    }
    comparisons.push(imageSize(bench, { tree, container }));
  }
  return comparisons;
}

async function creation(
  bench: Workbench,
  { tree, format }: { tree: SampleTree; format: Format },
): Promise<Comparison> {
  const image = await bench.image(tree, format.options);
  const { processors } = bench;
  const quiet = ["-quiet", "-no-progress", "-processors", String(processors)];
  return {
    name: `create, ${tree.name}, ${format.label}`,
    against: "unsquashfs",
    ours: {
      run: () => measure(bench.enroot(["create", "-n", "created", image])),
      reset: () => bench.remove("data/enroot/created"),
    },
    theirs: {
      run: () => measure(bench.tool("unsquashfs", [...quiet, "-d", "unsquashed", image])),
      reset: () => bench.remove("unsquashed"),
    },
    goal: 0.8,
    memoryGoal: MEMORY_GOAL,
    repeats: bench.repeats,
  };
}

function exportation(
  bench: Workbench,
  { tree, container, format }: { tree: SampleTree; container: string; format: Format },
): Comparison {
  const directory = bench.path(`data/enroot/${container}`);
  const env = { ENROOT_SQUASH_OPTIONS: format.options };
  return {
    name: `export, ${tree.name}, ${format.label}`,
    against: "mksquashfs",
    ours: {
      run: () => measure(bench.enroot(["export", "-o", "exported.sqsh", container], env)),
      reset: () => bench.remove("exported.sqsh"),
    },
    theirs: {
      run: () => {
        const args = bench.mksquashfsArguments(directory, "made.sqsh", format.options);
        return measure(bench.tool("mksquashfs", args));
      },
      reset: () => bench.remove("made.sqsh"),
    },
    goal: 1,
    memoryGoal: MEMORY_GOAL,
    repeats: bench.repeats,
  };
}

/** The size of an image written with no options, against the original's without options. */
function imageSize(
  bench: Workbench,
  { tree, container }: { tree: SampleTree; container: string },
): Comparison {
  const size = (name: string) => {
    const amount = Deno.statSync(bench.path(name)).size;
    return { amount, processorTime: 0, peakMemory: 0 };
  };
  return {
    name: `size of image, ${tree.name}`,
    against: "mksquashfs lzo",
    ours: {
      async run() {
        await measure(bench.enroot(["export", "-o", "exported.sqsh", container]));
        return size("exported.sqsh");
      },
      reset: () => bench.remove("exported.sqsh"),
    },
    theirs: {
      async run() {
        const from = bench.path(`data/enroot/${container}`);
        const args = bench.mksquashfsArguments(from, "made.sqsh", "-comp lzo -noD");
        await measure(bench.tool("mksquashfs", args));
        return size("made.sqsh");
      },
      reset: () => bench.remove("made.sqsh"),
    },
    goal: 1.05,
    unit: "bytes",
    repeats: 1,
  };
}
