/** A container made of this machine's own programs, for tests of what runs in it. */
import { gzipSync } from "node:zlib";
import {
  makeHome,
  runEnroot,
  type RunOptions,
  type RunResult,
  TEST_UID,
  type TestHome,
} from "./enroot.ts";
import { hostImage } from "./host_image.ts";
import { RegistryServer } from "./registry.ts";

/** A user's directories with a container `box` and its image `box.sqsh` in the home directory. */
export interface ContainerHome extends TestHome {
  /** The container's root directory. */
  readonly rootfs: string;
  /** Runs `enroot ARGS…` for this user. */
  enroot(args: string[], options?: Omit<RunOptions, "home">): Promise<RunResult>;
}

/** Imports and creates the container with the program under test. */
export async function makeContainerHome(): Promise<ContainerHome> {
  const home = makeHome();
  const enroot: ContainerHome["enroot"] = (args, options) => runEnroot(args, { ...options, home });
  try {
    await using registry = new RegistryServer();
    const { layers, config } = hostImage();
    registry.push("box", "1", {
      layers: layers.map((layer) => ({ bytes: new Uint8Array(gzipSync(layer, { level: 1 })) })),
      config,
      architecture: Deno.build.arch === "x86_64" ? "amd64" : "arm64",
    });
    for (
      const args of [
        ["import", "-o", "box.sqsh", `docker://${registry.address}/box:1`],
        ["create", "-n", "box", "box.sqsh"],
      ]
    ) {
      const { code, stderr } = await enroot(args, { env: { ENROOT_ALLOW_HTTP: "y" } });
      if (code !== 0) throw new Error(`enroot ${args.join(" ")}: ${stderr}`);
    }
  } catch (error) {
    home[Symbol.dispose]();
    throw error;
  }
  return { ...home, rootfs: `${home.data}/box`, enroot };
}

let obstacle: string | undefined | null = null;

/** Why the test user can start no containers on this machine; undefined if it can. */
export function namespacesForbidden(): string | undefined {
  if (obstacle !== null) return obstacle;
  try {
    const { success, stderr } = new Deno.Command("unshare", {
      args: ["--user", "--map-root-user", "--mount", "true"],
      ...(Deno.uid() === 0 ? { uid: TEST_UID, gid: TEST_UID } : {}),
    }).outputSync();
    obstacle = success ? undefined : new TextDecoder().decode(stderr).trim();
  } catch {
    obstacle = undefined; // Without unshare(1) nobody can tell.
  }
  return obstacle;
}

/** Declares a test that needs user namespaces: it is ignored, with the reason, where there are none. */
export function containerTest(name: string, fn: () => void | Promise<void>): void {
  const reason = namespacesForbidden();
  Deno.test({
    name: reason === undefined ? name : `${name} (skipped: no user namespaces: ${reason})`,
    ignore: reason !== undefined,
    sanitizeResources: false,
    sanitizeOps: false,
    fn,
  });
}
