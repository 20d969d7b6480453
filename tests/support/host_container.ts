import { gzipSync } from "node:zlib";
import { runEnroot, type TestHome } from "./enroot.ts";
import { hostImage } from "./host_image.ts";
import { RegistryServer } from "./registry.ts";

const ARCHITECTURES: Readonly<Record<string, string>> = { x86_64: "amd64", aarch64: "arm64" };

/** Stores the image of this machine's programs in a registry, as a build tool would push it. */
export function pushHostImage(registry: RegistryServer, repository: string, tag: string): void {
  const { layers, config } = hostImage();
  registry.push(repository, tag, {
    layers: layers.map((layer) => ({ bytes: new Uint8Array(gzipSync(layer)) })),
    config,
    architecture: ARCHITECTURES[Deno.build.arch] ?? Deno.build.arch,
  });
}

/** Imports that image from a registry of its own, as FILE. */
export async function importHostImage(home: TestHome, file: string): Promise<void> {
  await using registry = new RegistryServer();
  pushHostImage(registry, "host", "latest");
  const reference = `docker://${registry.address}/host`;
  await succeed(["import", "--output", file, reference], home);
}

/** Makes a container of that image. */
export async function makeContainer(home: TestHome, name: string): Promise<void> {
  const file = `${home.path}/${name}.sqsh`;
  await importHostImage(home, file);
  await succeed(["create", "--name", name, file], home);
}

async function succeed(args: string[], home: TestHome): Promise<void> {
  const { code, stderr } = await runEnroot(args, { home, env: { ENROOT_ALLOW_HTTP: "y" } });
  if (code !== 0) throw new Error(`enroot ${args[0]} failed: ${stderr}`);
}
