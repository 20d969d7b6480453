import { RegistryServer } from "../support/registry.ts";
import type { Comparison } from "./comparison.ts";
import { measure } from "./measurement.ts";
import type { Workbench } from "./workbench.ts";

const LAYERS = 3;
const REFERENCE = "bench/tree";
const MEMORY_GOAL = 512e6;

/** From a registry in this process to an image, or to a directory. */
export function importSuite(bench: Workbench): Comparison[] {
  const [tree] = bench.trees();
  if (tree === undefined || !bench.has("skopeo", "umoci", "mksquashfs", "tar", "gzip")) return [];
  // It serves until the program ends.
  const registry = new RegistryServer();
  registry.push(REFERENCE, "latest", { layers: layersOf(tree.path) });
  const uri = `docker://${registry.address}/${REFERENCE}`;
  const pull = [
    bench.tool("skopeo", [
      ...["--insecure-policy", "copy", "--quiet", "--src-tls-verify=false"],
      ...[uri, "oci:layout:latest"],
    ]),
    bench.tool("umoci", ["unpack", "--rootless", "--image", "layout:latest", "unpacked"]),
  ];
  const pack = bench.tool(
    "mksquashfs",
    bench.mksquashfsArguments("unpacked/rootfs", "made.sqsh", "-comp zstd -noD"),
  );
  const resetTheirs = () => bench.remove("layout", "unpacked", "made.sqsh");
  const common = { memoryGoal: MEMORY_GOAL, repeats: bench.repeats };
  return [
    {
      ...common,
      name: `import, ${tree.name}`,
      against: "skopeo umoci mksq.",
      ours: {
        run: () => measure(bench.enroot(["import", "-o", "imported.sqsh", uri])),
        reset: () => bench.remove("imported.sqsh", "cache/enroot"),
      },
      theirs: { run: () => measure(...pull, pack), reset: resetTheirs },
      goal: 1,
    },
    {
      ...common,
      name: `load, ${tree.name}`,
      against: "skopeo umoci",
      ours: {
        run: () => measure(bench.enroot(["load", "-n", "loaded", uri])),
        reset: () => bench.remove("data/enroot/loaded", "cache/enroot"),
      },
      theirs: { run: () => measure(...pull), reset: resetTheirs },
      goal: 1,
    },
  ];
}

/** Archives of the tree's parts, compressed as registries have them. */
function layersOf(tree: string): { bytes: Uint8Array<ArrayBuffer> }[] {
  const names = [...Deno.readDirSync(tree)].map(({ name }) => name).sort();
  return Array.from({ length: LAYERS }, (_, layer) => {
    const part = names.filter((_, index) => index % LAYERS === layer);
    const script = 'cd "$0" && exec tar --owner=0 --group=0 -c "$@" | gzip -1';
    const { success, stdout } = new Deno.Command("sh", { args: ["-c", script, tree, ...part] })
      .outputSync();
    if (!success) throw new Error("tar failed");
    return { bytes: stdout };
  });
}
