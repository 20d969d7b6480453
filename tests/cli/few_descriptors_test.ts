/** Callers that may not have many descriptors. */
import { assertEquals } from "@std/assert";
import { containerTest, sharedContainerHome } from "../support/container.ts";
import { makeHome, programFiles, TEST_UID, type TestHome } from "../support/enroot.ts";
import { RegistryServer } from "../support/registry.ts";
import { tarArchive } from "../support/tar_archive.ts";
import { treeListing } from "../support/tree_listing.ts";

/** Whether it is the executable that is tested: Deno itself takes more, and raises its limit. */
const IS_EXECUTABLE = Deno.env.get("ENROOT_TEST_BINARY") !== undefined;
const LIMIT = IS_EXECUTABLE ? 64 : 128;

/** Runs the program below limits that a shell sets. */
async function runLimited(limits: string, args: string[], home: TestHome): Promise<string> {
  const program = programFiles();
  const { success, stdout, stderr } = await new Deno.Command("sh", {
    args: ["-c", `${limits}; exec "$@"`, "sh", program.command, ...program.args, ...args],
    env: {
      ...program.env,
      ...home.env,
      ENROOT_ALLOW_HTTP: "y",
      ENROOT_MAX_CONNECTIONS: "0",
      ENROOT_MAX_PROCESSORS: "16",
      SOURCE_DATE_EPOCH: "1000000000",
    },
    clearEnv: true,
    cwd: home.path,
    stdin: "null",
    ...(Deno.uid() === 0 ? { uid: TEST_UID, gid: TEST_UID } : {}),
  }).output();
  const decoder = new TextDecoder();
  if (!success) throw new Error(decoder.decode(stderr));
  return decoder.decode(stdout);
}

Deno.test(`images of many layers, deep and wide, take no more than ${LIMIT} descriptors`, async () => {
  const directories = Array.from({ length: 100 }, (_, depth) => ({ path: "d/".repeat(depth + 1) }));
  const many = Array.from({ length: 200 }, (_, index) => ({
    path: `many/${index}`,
    data: "x".repeat(index * 50),
  }));
  const large = { path: "large", data: "x".repeat(5_000_000) };
  const layers = [
    { bytes: tarArchive([...directories, ...many, large]) },
    ...Array.from({ length: 80 }, (_, index) => ({
      bytes: tarArchive([{ path: `layer${index}`, data: "x".repeat(1000 + index) }]),
    })),
  ];
  await using registry = new RegistryServer();
  registry.push("a", "1", { layers });
  using home = makeHome();
  const uri = `docker://${registry.address}/a:1`;
  const commands = [
    ["load", "-n", "loaded", uri],
    ["import", "-o", "a.sqsh", uri],
    ["create", "-n", "created", "a.sqsh"],
    ["export", "-o", "b.sqsh", "created"],
    ["create", "-n", "again", "b.sqsh"],
  ];
  for (const args of commands) await runLimited(`ulimit -n ${LIMIT}`, args, home);
  const listing = (name: string) => treeListing(`${home.data}/${name}`);
  assertEquals(listing("created"), listing("loaded"));
  assertEquals(listing("again"), listing("created"));
  await runLimited(`ulimit -n ${LIMIT}`, ["remove", "-f", "loaded", "created", "again"], home);
  assertEquals([...Deno.readDirSync(home.data)], []);
});

const box = sharedContainerHome();
containerTest("a container has the limit of its caller", async () => {
  const args = ["start", "box", "sh", "-c", "ulimit -Sn; ulimit -Hn"];
  const output = await runLimited("ulimit -n 500; ulimit -Sn 200", args, await box());
  assertEquals(output, "200\n500\n");
}, { other: IS_EXECUTABLE ? undefined : "Deno raises the limit itself" });
