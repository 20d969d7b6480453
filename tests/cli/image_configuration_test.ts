/** What an image's configuration says, whatever it is, and what its containers get. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { byteStringFromText } from "../../src/bytes/mod.ts";
import { containerTest } from "../support/container.ts";
import { makeHome, runEnroot, type RunOptions, type TestHome } from "../support/enroot.ts";
import { hostImage } from "../support/host_image.ts";
import { writeLayout } from "../support/oci_layout.ts";
import { tarArchive } from "../support/tar_archive.ts";

const VARIABLES: Record<string, string> = {
  PATH: "/bin",
  STOLEN: "${TOKEN} $TOKEN $(id)",
  QUOTED: "\"double\" 'single'",
  WHOLLY_QUOTED: "'quoted'",
  BLANKS: "  around\t ",
  LINES: "first\nINJECTED=1\n\n# third\n#|fourth\n",
  HASH: "# no comment",
  BACKSLASHES: "\\n\\040\\",
  UNICODE: "größe\u{1f600}",
  EMPTY: "",
  LONG: "x".repeat(100_000),
  AGAIN: "last",
};

/** Imports an image of this machine's programs that is to be run in a certain way, as `box.sqsh`. */
async function importImage(
  home: TestHome,
  run: Record<string, unknown>,
  directories: string[] = [],
): Promise<string> {
  const layout = `${home.path}/layout`;
  const { layers, config } = hostImage();
  const top = tarArchive(directories.map((path) => ({
    path: "directory/",
    pax: { path: byteStringFromText(`${path}/`) },
  })));
  writeLayout(layout, [{
    name: "latest",
    architecture: Deno.build.arch === "aarch64" ? "arm64" : "amd64",
    layers: [...layers, top].map((tar) => ({ tar })),
    run: { ...config, ...run },
  }]);
  const { code, stderr } = await runEnroot(["import", "-o", "box.sqsh", `oci:${layout}`], { home });
  assertEquals(code, 0, stderr);
  return stderr;
}

async function enroot(
  home: TestHome,
  args: string[],
  env: RunOptions["env"] = {},
): Promise<string> {
  const { code, stdout, stderr } = await runEnroot(args, { home, env });
  assertEquals(code, 0, stderr);
  return stdout;
}

/** The variables that a command in the container has, but for those of the login. */
async function variablesIn(home: TestHome, args: string[]): Promise<Record<string, string>> {
  const env = { TOKEN: "secret", TERM: "xterm" };
  const text = await enroot(home, ["start", ...args, "cat", "/proc/self/environ"], env);
  const login = ["HOME", "LOGNAME", "PWD", "SHELL", "SHLVL", "TERM", "USER", "OLDPWD", "_"];
  return Object.fromEntries(
    text.split("\0").filter((line) => line !== "")
      .map((line): [string, string] => {
        const equals = line.indexOf("=");
        return [line.slice(0, equals), line.slice(equals + 1)];
      })
      .filter(([name]) => !login.includes(name)),
  );
}

containerTest("an image's variables are what it says, and nothing of the host", async () => {
  using home = makeHome();
  const warnings = await importImage(home, {
    Env: [
      "AGAIN=first",
      ...Object.entries(VARIABLES).map(([name, value]) => `${name}=${value}`),
      "NO_VALUE",
      "=nameless",
      "ENROOT_MOUNT_HOME=y",
    ],
  });
  assertStringIncludes(warnings, "[WARN] Ignoring the image's variable NO_VALUE: not NAME=VALUE");
  assertStringIncludes(warnings, "[WARN] Ignoring the image's variable =nameless: not NAME=VALUE");
  assertEquals(await variablesIn(home, ["box.sqsh"]), VARIABLES);
  await enroot(home, ["create", "--name", "box", "box.sqsh"]);
  assertEquals(await variablesIn(home, ["box"]), VARIABLES);
  await enroot(home, ["export", "-o", "again.sqsh", "box"]);
  await enroot(home, ["create", "--name", "again", "again.sqsh"]);
  assertEquals(await variablesIn(home, ["again"]), VARIABLES);

  await enroot(home, ["load", "--name", "loaded", `oci:${home.path}/layout`]);
  assertEquals(await variablesIn(home, ["loaded"]), VARIABLES);
}, { fuse: true });

containerTest("lines added to a container's environment name variables of the host", async () => {
  using home = makeHome();
  await importImage(home, { Env: ["PATH=/bin", "A=${TOKEN}"] });
  await enroot(home, ["create", "--name", "box", "box.sqsh"]);
  const file = `${home.data}/box/etc/environment`;
  Deno.writeTextFileSync(file, "GIVEN=${TOKEN}\nQUOTED='x'\n", { append: true });
  Deno.mkdirSync(`${home.sysconf}/hooks.d`);
  Deno.writeTextFileSync(
    `${home.sysconf}/hooks.d/50-own.sh`,
    `#!/bin/sh\necho 'HOOK="\${TOKEN}"' >> "$ENROOT_ENVIRON"\n`,
    { mode: 0o755 },
  );
  const expected = { A: "${TOKEN}", GIVEN: "secret", HOOK: "${TOKEN}", PATH: "/bin", QUOTED: "x" };
  assertEquals(await variablesIn(home, ["box"]), expected);
  // As it was written before there was a mark, and as people write it.
  Deno.writeTextFileSync(file, "PATH=/bin\nA='${TOKEN}'\n");
  assertEquals(await variablesIn(home, ["box"]), { A: "secret", HOOK: "${TOKEN}", PATH: "/bin" });
});

containerTest("an image's volumes are mounted, whatever their names", async () => {
  using home = makeHome();
  const long = `/${"n".repeat(255)}`;
  const volumes = [
    "/with space",
    "/line\nbreak",
    "/\\040",
    "/\"quotes'",
    "/${TOKEN}",
    "/größe",
    "/#hash",
    "/a/../cleaned",
    long,
  ];
  const ignored = ["", "/", "/../out", `${long}n`, "/x".repeat(3000)];
  const warnings = await importImage(home, {
    Env: ["PATH=/bin"],
    Volumes: Object.fromEntries([...volumes, ...ignored].map((path) => [path, {}])),
    // In comments of /etc/rc, which a shell reads.
    Labels: {
      "a\nb": "c\nd",
      "": "",
      nul: "\0",
      quotes: "'\"$(id)`id`",
      long: "x".repeat(100_000),
    },
  }, volumes);
  assertEquals(warnings.match(/Ignoring the image's volume/g)?.length, ignored.length, warnings);
  assert(warnings.split("\n").every((line) => line.length < 300));
  await enroot(home, ["create", "--name", "box", "box.sqsh"]);
  const mounts = await enroot(home, ["start", "box", "cat", "/proc/self/mounts"], {
    TOKEN: "secret",
  });
  const targets = mounts.split("\n").map((line) =>
    (line.split(" ")[1] ?? "").replace(
      /\\([0-7]{3})/g,
      (_, digits) => String.fromCharCode(parseInt(digits, 8)),
    )
  );
  for (const volume of volumes) {
    const target = volume.replace("/a/..", "");
    assert(targets.includes(target), `${target} is not among ${targets}`);
  }
});
