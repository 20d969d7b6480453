/** What of an image would give privileges to those who run it: it must not get into a container. */
import { assertEquals, assertMatch } from "@std/assert";
import { makeHome, runEnroot, TEST_UID, type TestHome } from "../support/enroot.ts";
import { writeLayout } from "../support/oci_layout.ts";
import { isInstalled, requiring } from "../support/requires.ts";
import { tarArchive, type TarMember } from "../support/tar_archive.ts";
import { asNeighbour, twoUsersTest } from "../support/two_users.ts";

/** A file capability as the kernel keeps it: cap_net_raw, permitted and effective. */
const NET_RAW = "\x01\0\0\x02\0\x20\0\0\0\0\0\0\0\0\0\0\0\0\0\0";

/** More files than one thread makes, and one that is made in parts. */
const LAYER: TarMember[] = [
  { path: "bin/su", data: "su", mode: 0o4755 },
  { path: "bin/wall", data: "wall", mode: 0o2755 },
  { path: "bin/both", data: "both", mode: 0o6711 },
  { path: "bin/link", type: "1", link: "bin/su" },
  { path: "bin/empty", mode: 0o4555 },
  { path: "bin/pipe", type: "6", mode: 0o4666 },
  { path: "srv/", mode: 0o2775 },
  { path: "tmp/", mode: 0o1777 },
  { path: "ping", data: "p", mode: 0o755, pax: { "SCHILY.xattr.security.capability": NET_RAW } },
  {
    path: "large",
    data: "data",
    mode: 0o4700,
    pax: {
      "GNU.sparse.size": "100000000",
      "GNU.sparse.numblocks": "1",
      "GNU.sparse.map": "40000000,4",
    },
  },
  ...Array.from({ length: 4000 }, (_, index) => ({ path: `many/${index}` })),
];

const KEPT: Record<string, number> = {
  "bin/su": 0o4755,
  "bin/wall": 0o2755,
  "bin/both": 0o6711,
  "bin/link": 0o4755,
  "bin/empty": 0o4555,
  "bin/pipe": 0o4666,
  "srv": 0o2775,
  "tmp": 0o1777,
  "large": 0o4700,
};
const DROPPED = {
  ...Object.fromEntries(Object.entries(KEPT).map(([name, mode]) => [name, mode & 0o777])),
  srv: 0o2775,
  tmp: 0o1777,
};

function modesIn(root: string): Record<string, number> {
  return Object.fromEntries(
    Object.keys(KEPT).map((name) => [name, (Deno.lstatSync(`${root}/${name}`).mode ?? 0) & 0o7777]),
  );
}

function capabilitiesOf(path: string): string {
  if (!isInstalled("getcap")) return "unknown";
  const { stdout } = new Deno.Command("getcap", { args: [path] }).outputSync();
  return new TextDecoder().decode(stdout).replace(path, "").trim();
}

interface Caller {
  asCaller?: boolean;
  env?: Record<string, string>;
}

async function run(args: string[], options: Caller & { home: TestHome }): Promise<void> {
  const { code, stderr } = await runEnroot(args, options);
  assertEquals([code, args], [0, args], stderr);
}

/** Makes a container of the layer in every way there is. @returns their names */
async function makeContainers(home: TestHome, caller: Caller): Promise<string[]> {
  writeLayout(`${home.path}/layout`, [{
    architecture: "amd64",
    layers: [{ tar: tarArchive(LAYER) }],
  }]);
  const options = { home, ...caller };
  await run(["import", "-a", "amd64", "-o", "image.sqsh", "oci:layout"], options);
  for (const processors of ["1", "2"]) {
    const env = { ...caller.env, ENROOT_MAX_PROCESSORS: processors };
    await run(["create", "-n", `created${processors}`, "image.sqsh"], { ...options, env });
  }
  await run(["load", "-a", "amd64", "-n", "loaded", "oci:layout"], options);
  return ["created1", "created2", "loaded"];
}

Deno.test("an ordinary user's containers have no set-id bits and no capabilities", async () => {
  using home = makeHome();
  for (const name of await makeContainers(home, {})) {
    assertEquals(modesIn(`${home.data}/${name}`), DROPPED, name);
    assertMatch(capabilitiesOf(`${home.data}/${name}/ping`), /^(unknown)?$/);
  }
});

for (const allowed of [false, true]) {
  const what = `the superuser's containers ${allowed ? "keep" : "do not keep"} set-id bits`;
  const name = `${what} ${allowed ? "with" : "without"} ENROOT_ALLOW_SUPERUSER`;
  Deno.test({
    ...requiring({ root: true }, name),
    async fn() {
      using home = makeHome({ asCaller: true });
      const env: Record<string, string> = allowed ? { ENROOT_ALLOW_SUPERUSER: "y" } : {};
      const caller = { asCaller: true, env };
      for (const name of await makeContainers(home, caller)) {
        assertEquals(modesIn(`${home.data}/${name}`), allowed ? KEPT : DROPPED, name);
        const expected = allowed
          ? /^(unknown|= ?cap_net_raw[+=]ep|cap_net_raw[+=]ep)$/
          : /^(unknown)?$/;
        assertMatch(capabilitiesOf(`${home.data}/${name}/ping`), expected);
      }
    },
  });
}

Deno.test({
  ...requiring({ root: true }, "an image keeps its set-id bits and capabilities"),
  async fn() {
    using home = makeHome({ asCaller: true });
    const caller = { home, asCaller: true, env: { ENROOT_ALLOW_SUPERUSER: "y" } };
    await makeContainers(home, caller);
    await run(["export", "-o", "again.sqsh", "loaded"], caller);
    await run(["create", "-n", "again", "again.sqsh"], caller);
    assertEquals(modesIn(`${home.data}/again`), KEPT);
    assertEquals(
      capabilitiesOf(`${home.data}/again/ping`),
      capabilitiesOf(`${home.data}/loaded/ping`),
    );
  },
});

twoUsersTest("a program in a user's container does not run as that user for another", async () => {
  using home = makeHome();
  const id = Deno.readFileSync("/usr/bin/id");
  const data = Array.from(id, (byte) => String.fromCharCode(byte)).join("");
  writeLayout(`${home.path}/layout`, [{
    architecture: "amd64",
    layers: [{ tar: tarArchive([{ path: "id", data, mode: 0o6755 }]) }],
  }]);
  await run(["import", "-a", "amd64", "-o", "image.sqsh", "oci:layout"], { home });
  await run(["create", "-n", "created", "image.sqsh"], { home });
  await run(["load", "-a", "amd64", "-n", "loaded", "oci:layout"], { home });
  // Somewhere on the way there may be less protection than the data directory gives.
  for (const path of [home.path, home.env["XDG_DATA_HOME"] ?? "", home.data]) {
    Deno.chmodSync(path, 0o755);
  }
  for (const name of ["created", "loaded"]) {
    const uid = await asNeighbour('"$1" -u; "$1" -g', [`${home.data}/${name}/id`]);
    assertEquals(uid.includes(`${TEST_UID}`), false, uid);
  }
});
