/** What a process that is killed leaves behind, and who clears it away. */
import { assertEquals } from "@std/assert";
import { enrootCommand, makeHome, type TestHome } from "../support/enroot.ts";
import { silence } from "../support/faults.ts";
import { RegistryServer } from "../support/registry.ts";
import { tarArchive } from "../support/tar_archive.ts";
import { until } from "../support/until.ts";

const ENV = { ENROOT_ALLOW_HTTP: "y" };

/** The temporary files of a home: images and containers in the making. */
function temporaries(home: TestHome): string[] {
  return [home.path, home.data].flatMap((directory) => {
    try {
      return [...Deno.readDirSync(directory)].filter(({ name }) => name.startsWith(".enroot-"))
        .map(({ name }) => `${directory}/${name}`);
    } catch {
      return [];
    }
  });
}

/** Makes a file or directory some minutes old. */
function age(path: string): void {
  const time = new Date(Date.now() - 5 * 60_000);
  Deno.utimeSync(path, time, time);
}

/** A registry with an image whose layer never comes, and one whose does. */
function registryWithStall(): RegistryServer {
  const registry = new RegistryServer();
  const layers = [{ bytes: tarArchive([{ path: "file", data: "x" }]) }];
  const stuck = registry.pushBlob(new Uint8Array([1, 2, 3]));
  registry.push("whole", "1", { layers });
  registry.push("stuck", "1", { layers: [{ bytes: new Uint8Array([1, 2, 3]) }] });
  const never = silence();
  registry.fault = (request, answer) =>
    request.url.includes(stuck.digest) ? never(request, answer) : undefined;
  return registry;
}

for (
  const { command, args } of [
    { command: "import", args: ["-o"] },
    { command: "load", args: ["-n"] },
  ]
) {
  Deno.test(`${command} clears away what a killed one left, and nothing of a living one`, async () => {
    await using registry = registryWithStall();
    using home = makeHome();
    const start = (image: string, name: string) =>
      enrootCommand([command, ...args, name, `docker://${registry.address}/${image}:1`], {
        home,
        env: ENV,
      });
    const startStuck = async (name: string) => {
      const before = temporaries(home);
      const child = start("stuck", name).spawn();
      const made = () => temporaries(home).find((path) => !before.includes(path));
      await until(() => made() !== undefined);
      return { child, made: made() ?? "" };
    };
    const killed = await startStuck("killed");
    killed.child.kill("SIGKILL");
    await killed.child.output();
    const living = await startStuck("living");
    try {
      assertEquals(temporaries(home).sort(), [killed.made, living.made].sort());
      for (const { made } of [killed, living]) age(made);
      const { code, stderr } = await start("whole", "next").output();
      assertEquals(code, 0, new TextDecoder().decode(stderr));
      assertEquals(temporaries(home), [living.made]);
    } finally {
      living.child.kill("SIGTERM");
      await living.child.output();
    }
    assertEquals(temporaries(home), []);
  });
}
