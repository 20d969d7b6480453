import { gzipSync } from "node:zlib";
import { RegistryServer, sha256, type TestImage } from "../support/registry.ts";
import type { Comparison } from "./comparison.ts";
import { OUR_DEFAULT } from "./images.ts";
import { measure } from "./measurement.ts";
import type { Workbench } from "./workbench.ts";

const LAYERS = 3;
const REFERENCE = "bench/tree";
const MEMORY_GOAL = 512e6;

/** From a registry in this process to an image, or to a directory. */
export function importSuite(bench: Workbench): Comparison[] {
  const [tree] = bench.trees();
  if (tree === undefined || !bench.has("skopeo", "umoci", "mksquashfs", "tar")) return [];
  // It serves until the program ends.
  const registry = new RegistryServer();
  registry.push(REFERENCE, "latest", layersOf(tree.path));
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
    bench.mksquashfsArguments("unpacked/rootfs", "made.sqsh", OUR_DEFAULT),
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

/** The parts of a tree as layers, compressed as registries have them. */
function layersOf(tree: string): Pick<TestImage, "layers" | "diffIds"> {
  const names = [...Deno.readDirSync(tree)].map(({ name }) => name).sort();
  const archives = Array.from({ length: LAYERS }, (_, layer) => {
    const part = names.filter((_, index) => index % LAYERS === layer);
    return output("tar", ["--owner=0", "--group=0", "-C", tree, "-c", ...part]);
  });
  return {
    layers: archives.map((archive) => ({ bytes: new Uint8Array(gzipSync(archive, { level: 1 })) })),
    diffIds: archives.map(sha256),
  };
}

function output(program: string, args: string[]): Uint8Array<ArrayBuffer> {
  const { success, stdout } = new Deno.Command(program, { args }).outputSync();
  if (!success) throw new Error(`${program} failed`);
  return stdout;
}
