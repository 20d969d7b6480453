import { hostImage } from "../support/host_image.ts";
import { RegistryServer } from "../support/registry.ts";
import type { Comparison, Contestant } from "./comparison.ts";
import { measure } from "./measurement.ts";
import type { Workbench } from "./workbench.ts";

/** A start takes milliseconds: so many of them make the noise small. */
const REPEATS = 21;

/** How long it takes until a command runs in a container, against the least this program takes. */
export async function startSuite(bench: Workbench): Promise<Comparison[]> {
  {
    await using registry = new RegistryServer();
    const { layers, config } = hostImage();
    registry.push("host", "latest", { layers: layers.map((bytes) => ({ bytes })), config });
    const reference = `docker://${registry.address}/host`;
    await measure(
      bench.enroot(["import", "-o", "host.sqsh", reference]),
      bench.enroot(["create", "host.sqsh"]),
    );
  }
  const start = (target: string, env: Record<string, string> = {}): Contestant => ({
    run: () => measure(bench.enroot(["start", target, "true"], env)),
  });
  const version: Contestant = { run: () => measure(bench.enroot(["version"])) };
  return [
    {
      name: "start a container",
      against: "version",
      ours: start("host"),
      theirs: version,
      goal: 2.5,
      repeats: REPEATS,
    },
    {
      name: "start an image",
      against: "start a container",
      ours: start("host.sqsh"),
      theirs: start("host"),
      goal: 1.5,
      repeats: REPEATS,
    },
  ];
}
