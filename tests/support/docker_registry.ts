/** Debian's docker-registry, the reference implementation, for tests against the real thing. */
import type { Needs } from "./requires.ts";
import { skopeo } from "./skopeo.ts";

/** What it takes to run it, and to fill it. */
export const DOCKER_REGISTRY_NEEDS = {
  programs: ["docker-registry", "skopeo"],
} as const satisfies Needs;

/** How to run it. */
export interface DockerRegistryOptions {
  /** Asks for this user and password; the file is in htpasswd format, bcrypt only. */
  htpasswd?: string;
  /** Files to serve HTTPS with. */
  tls?: { certificate: string; key: string };
}

/** How to fill it. */
export interface PushOptions {
  format?: "oci" | "v2s2";
  /** `USER:PASSWORD` */
  login?: string;
}

/** A running docker-registry with storage of its own. */
export interface DockerRegistry extends AsyncDisposable {
  /** Host and port. */
  readonly address: string;
  /** Copies an image into it with skopeo, from a source and in a format that skopeo knows. */
  push(source: string, name: string, options?: PushOptions): Promise<void>;
}

/** Starts docker-registry on a free loopback port. */
export async function startDockerRegistry(
  { htpasswd, tls }: DockerRegistryOptions = {},
): Promise<DockerRegistry> {
  const directory = Deno.makeTempDirSync();
  const address = `127.0.0.1:${freePort()}`;
  const quoted = (text: string) => JSON.stringify(text);
  const http = [
    `  addr: ${address}`,
    ...(tls === undefined ? [] : [
      "  tls:",
      `    certificate: ${quoted(tls.certificate)}`,
      `    key: ${quoted(tls.key)}`,
    ]),
  ];
  const auth = htpasswd === undefined
    ? []
    : ["auth:", "  htpasswd:", "    realm: test", `    path: ${quoted(`${directory}/htpasswd`)}`];
  if (htpasswd !== undefined) Deno.writeTextFileSync(`${directory}/htpasswd`, `${htpasswd}\n`);
  const storage = `  filesystem:\n    rootdirectory: ${quoted(`${directory}/storage`)}`;
  const config = ["version: 0.1", "log:\n  level: error", `storage:\n${storage}`, "http:", ...http];
  Deno.writeTextFileSync(`${directory}/config.yml`, [...config, ...auth, ""].join("\n"));
  const server = new Deno.Command("docker-registry", {
    args: ["serve", `${directory}/config.yml`],
    stdout: "null",
    stderr: "null",
  }).spawn();
  await untilListening(address);
  return {
    address,
    async push(source, name, { format = "oci", login } = {}) {
      await skopeo(
        ["copy", "--dest-tls-verify=false"]
          .concat(login === undefined ? [] : ["--dest-creds", login])
          .concat("--format", format, source, `docker://${address}/${name}`),
      );
    },
    async [Symbol.asyncDispose]() {
      server.kill("SIGKILL");
      await server.status;
      Deno.removeSync(directory, { recursive: true });
    },
  };
}

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

async function untilListening(address: string): Promise<void> {
  const [hostname = "", port] = address.split(":");
  for (let attempts = 0; attempts < 100; attempts++) {
    try {
      (await Deno.connect({ hostname, port: Number(port) })).close();
      return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
  throw new Error("docker-registry did not start");
}
