/**
 * One small image, brought by everything that can bring it: the tools that people use write it,
 * and every way in must give the same files.
 */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { DOCKER_REGISTRY_NEEDS, startDockerRegistry } from "../support/docker_registry.ts";
import { makeHome, runEnroot, TEST_UID, type TestHome } from "../support/enroot.ts";
import { hostImage } from "../support/host_image.ts";
import { writeLayout } from "../support/oci_layout.ts";
import { requiring } from "../support/requires.ts";
import { skopeo } from "../support/skopeo.ts";

const NEEDED = [...DOCKER_REGISTRY_NEEDS.programs, "unsquashfs"] as const;

/** A layout of the image at `PATH/layout`, which everybody may read. */
function makeLayout(home: TestHome): string {
  const { layers, config } = hostImage();
  const path = `${home.path}/layout`;
  writeLayout(path, [{
    layers: layers.map((tar) => ({ tar })),
    run: { ...config },
    architecture: Deno.build.arch === "x86_64" ? "amd64" : "arm64",
    name: "latest",
  }]);
  run("chmod", ["-R", "a+rX", path]);
  return path;
}

/** The files of an image, with what does not depend on where it came from. */
function filesOf(image: string): string[] {
  return run("unsquashfs", ["-lls", image]).split("\n")
    .filter((line) => line.includes("squashfs-root/") && !/\/etc\/(rc|hosts|hostname)$/.test(line))
    .map((line) => line.replace(/\d{4}-\d\d-\d\d \d\d:\d\d/, "").replace(/ +/g, " "))
    .filter((line) => !line.startsWith("d"))
    .sort();
}

Deno.test({
  ...requiring({ programs: NEEDED }, "import takes an image from whatever tool wrote it"),
  sanitizeResources: false,
  async fn(test) {
    using home = makeHome();
    const layout = makeLayout(home);
    const importFrom = async (uri: string, env: Record<string, string> = {}) => {
      const image = `${home.path}/${crypto.randomUUID()}.sqsh`;
      const { code, stderr } = await runEnroot(["import", "-o", image, uri], {
        home,
        env: { ENROOT_ALLOW_HTTP: "y", ...env },
      });
      assertEquals(code, 0, `${uri}: ${stderr}`);
      return filesOf(image);
    };
    const expected = await importFrom(`oci:${layout}`);
    assertStringIncludes(expected.join("\n"), "squashfs-root/bin/sh");

    for (const kind of ["oci-archive", "docker-archive"]) {
      await test.step(`skopeo copy to ${kind}:`, async () => {
        const file = `${home.path}/${kind}.tar`;
        await copy(`oci:${layout}:latest`, `${kind}:${file}:example.org/box:latest`);
        run("chmod", ["a+r", file]);
        assertEquals(await importFrom(`${kind}:${file}`), expected);
      });
    }

    await test.step("docker-registry, both formats", async () => {
      await using registry = await startDockerRegistry();
      for (const format of ["oci", "v2s2"] as const) {
        await registry.push(`oci:${layout}:latest`, `box:${format}`, { format });
        assertEquals(await importFrom(`docker://${registry.address}/box:${format}`), expected);
      }
    });

    await test.step({
      ...requiring({ programs: ["tinyproxy"] }, "through a proxy"),
      async fn() {
        await using registry = await startDockerRegistry();
        await registry.push(`oci:${layout}:latest`, "box:oci", { format: "oci" });
        const proxy = startTinyproxy(home);
        try {
          const env = {
            http_proxy: proxy.url,
            https_proxy: proxy.url,
            XDG_CACHE_HOME: `${home.path}/tmp`,
          };
          assertEquals(await importFrom(`docker://${registry.address}/box:oci`, env), expected);
          assertStringIncludes(proxy.log(), "/v2/box/blobs/");
        } finally {
          proxy.stop();
        }
      },
    });
  },
});

Deno.test({
  ...requiring(
    { root: true, programs: [...NEEDED, "podman"], other: podmanObstacle() },
    "import takes an image from rootless podman, and from what podman saves",
  ),
  sanitizeResources: false,
  async fn() {
    using home = makeHome();
    Deno.mkdirSync(`${home.path}/config/containers`);
    Deno.writeTextFileSync(
      `${home.path}/config/containers/storage.conf`,
      '[storage]\ndriver = "vfs"\n',
    );
    const layout = makeLayout(home);
    const podman = (...args: string[]) => run("podman", args, { env: home.env, uid: TEST_UID });
    try {
      await copy(`oci:${layout}:latest`, `docker-archive:${home.path}/in.tar:localhost/box:latest`);
      run("chmod", ["a+r", `${home.path}/in.tar`]);
      podman("load", "-q", "-i", `${home.path}/in.tar`);
      podman("save", "-q", "-o", `${home.path}/saved.tar`, "localhost/box:latest");
      const images: string[][] = [];
      for (
        const uri of [
          `oci:${layout}`,
          `docker-archive:${home.path}/saved.tar`,
          "podman://localhost/box",
        ]
      ) {
        const image = `${home.path}/${images.length}.sqsh`;
        const { code, stderr } = await runEnroot(["import", "-o", image, uri], { home });
        assertEquals(code, 0, `${uri}: ${stderr}`);
        images.push(filesOf(image));
      }
      assertEquals(images[1], images[0]);
      assertEquals(images[2], images[0]);
      assertEquals(podman("ps", "-a", "-q"), "");
    } finally {
      // Files in podman's storage belong to other ids of the user.
      podman("unshare", "rm", "-rf", `${home.path}/data/containers`);
    }
  },
});

function podmanObstacle(): string | undefined {
  const entries = ["/etc/subuid", "/etc/subgid"].map((path) => {
    try {
      return Deno.readTextFileSync(path);
    } catch {
      return "";
    }
  });
  const name = run("sh", ["-c", `getent passwd ${TEST_UID} | cut -d: -f1`]).trim();
  const known = name !== "" && entries.every((text) => text.includes(`${name}:`));
  return known ? undefined : `uid ${TEST_UID} has no subordinate ids`;
}

function startTinyproxy(home: TestHome) {
  const port = 20000 + Math.floor(Math.random() * 10000);
  const log = `${home.path}/tinyproxy.log`;
  const config = `${home.path}/tinyproxy.conf`;
  Deno.writeTextFileSync(
    config,
    `Port ${port}\nListen 127.0.0.1\nTimeout 60\nLogLevel Info\nLogFile "${log}"\n`,
  );
  Deno.writeTextFileSync(log, "");
  Deno.chmodSync(log, 0o666);
  const server = new Deno.Command("tinyproxy", {
    args: ["-d", "-c", config],
    stdout: "null",
    stderr: "null",
  })
    .spawn();
  run("sh", [
    "-c",
    `for i in $(seq 50); do grep -q 'listening\\|Starting main loop\\|Initializing' ${log} && exit 0; sleep 0.1; done; exit 0`,
  ]);
  return {
    url: `http://127.0.0.1:${port}`,
    log: () => Deno.readTextFileSync(log),
    stop: () => server.kill("SIGKILL"),
  };
}

function copy(from: string, to: string): Promise<void> {
  return skopeo(["copy", from, to]);
}

function run(
  program: string,
  args: string[],
  options: { env?: Record<string, string>; uid?: number } = {},
): string {
  const { uid, env } = options;
  const { success, stdout, stderr } = new Deno.Command(program, {
    args,
    ...(env === undefined ? {} : { env, clearEnv: true, cwd: "/" }),
    ...(uid === undefined ? {} : { uid, gid: uid }),
  }).outputSync();
  if (!success) throw new Error(`${program} ${args[0]}: ${new TextDecoder().decode(stderr)}`);
  return new TextDecoder().decode(stdout);
}
