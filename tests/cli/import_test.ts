import { createHash } from "node:crypto";
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { makeHome, runEnroot, TEST_UID, type TestHome } from "../support/enroot.ts";
import { writeLayout } from "../support/oci_layout.ts";
import { serveRegistry } from "../support/registry.ts";
import { tarArchive } from "../support/tar_archive.ts";

/** An OCI layout in the home directory, with one image. */
function layout(home: TestHome, name = "image"): string {
  writeLayout(`${home.path}/${name}`, [{
    architecture: "amd64",
    layers: [{
      tar: tarArchive([{ path: "bin/" }, { path: "bin/tool", data: "tool", mode: 0o755 }]),
    }],
    run: { Env: ["NAME=value"], Cmd: ["/bin/tool"] },
  }]);
  return `oci:${name}`;
}

function filesOf(home: TestHome): string[] {
  return [...Deno.readDirSync(home.path)].filter(({ isFile }) => isFile).map(({ name }) => name);
}

Deno.test("enroot import makes a file of the image, named after it", async () => {
  using home = makeHome();
  const { code, stdout, stderr } = await runEnroot(
    ["import", "--arch", "amd64", layout(home)],
    { home },
  );
  assertEquals([code, stdout], [0, ""]);
  assertMatch(
    stderr,
    /^\[INFO\] Extracting image layers\.\.\.\n(.*\n)*\[INFO\] Creating squashfs filesystem\.\.\.\n/,
  );
  assertEquals(filesOf(home), ["image.sqsh"]);
  const magic = Deno.readFileSync(`${home.path}/image.sqsh`).subarray(0, 4);
  assertEquals(new TextDecoder().decode(magic), "hsqs");
  if (Deno.uid() === 0) assertEquals(Deno.statSync(`${home.path}/image.sqsh`).uid, TEST_UID);
});

Deno.test("enroot import never replaces a file unless it is told to", async () => {
  using home = makeHome();
  const uri = layout(home);
  const output = `${home.path}/out.sqsh`;
  Deno.writeTextFileSync(output, "precious");
  const args = ["import", "-o", output, "-a", "x86_64", uri];
  const { code, stderr } = await runEnroot(args, { home });
  assertEquals([code, stderr], [1, `[ERROR] File already exists: ${output}\n`]);
  assertEquals(Deno.readTextFileSync(output), "precious");

  const forced = await runEnroot(args, { home, env: { ENROOT_FORCE_OVERRIDE: "yes" } });
  assertEquals(forced.code, 0);
  assert(Deno.statSync(output).size > 1000);

  Deno.writeTextFileSync(output, "precious");
  assertEquals((await runEnroot(["import", "--force", ...args.slice(1)], { home })).code, 0);
  assert(Deno.statSync(output).size > 1000);
});

Deno.test("enroot import says when the image is for another machine", async () => {
  using home = makeHome();
  const uri = layout(home);
  const other = await runEnroot(["import", "-a", "arm64", uri], { home });
  assertEquals(other.code, 1);
  assertStringIncludes(other.stderr, "Cannot find an image for linux/arm64");
  const unknown = await runEnroot(["import", "-a", "vax", uri], { home });
  assertEquals([unknown.code, unknown.stderr], [1, "[ERROR] Invalid argument: vax\n"]);
  assertEquals(filesOf(home), []);
});

Deno.test("enroot import verifies content that is named by its SHA-512", async () => {
  using home = makeHome();
  const tar = tarArchive([{ path: "bin/" }, { path: "bin/tool", data: "tool", mode: 0o755 }]);
  writeLayout(`${home.path}/layout`, [{ layers: [{ tar }] }], "sha512");
  const diffIds = [`sha512:${createHash("sha512").update(tar).digest("hex")}`];
  await using registry = serveRegistry({}, { algorithm: "sha512" });
  const digest = registry.push("a", "1", { layers: [{ bytes: tar }], diffIds });
  const run = (uri: string) =>
    runEnroot(["import", "--force", "--output", "a.sqsh", "--arch", "amd64", uri], {
      home,
      env: { ENROOT_ALLOW_HTTP: "y", ENROOT_TRANSFER_RETRIES: "0" },
    });
  for (
    const uri of ["oci:layout", `docker://${registry.address}/a:1`]
      // The second time it comes from the cache.
      .concat(Array(2).fill(`docker://${registry.address}/a@${digest}`))
  ) {
    const { code, stderr } = await run(uri);
    assertEquals(code, 0, `${uri}: ${stderr}`);
  }
  assert([...Deno.readDirSync(home.cache)].some(({ name }) => name === digest));

  const wrong = [`sha512:${"0".repeat(128)}`];
  const other = registry.push("a", "2", { layers: [{ bytes: tar }], diffIds: wrong });
  const { code, stderr } = await run(`docker://${registry.address}/a@${other}`);
  assertEquals(code, 1);
  assertStringIncludes(stderr, "its content is not sha512:0000");
});

/** Layers that several threads have something to do for. */
function largeLayout(home: TestHome): string {
  const text = new Uint8Array(6_000_000);
  for (let index = 0, value = 1; index < text.length; index++) {
    value = value * 1103515245 + 12345 & 0x7fffffff;
    text[index] = 97 + (value >> 16 & 15);
  }
  const layers = [0, 1, 2].map((layer) => ({
    tar: tarArchive(Array.from({ length: 200 }, (_, index) => ({
      path: `file${layer * 100 + index}`,
      data: text.subarray(index * 1000, index * 1000 + (index % 20 === 0 ? 400_000 : 7000)),
    }))),
  }));
  writeLayout(`${home.path}/large`, [{ architecture: "amd64", layers }]);
  return "oci:large";
}

Deno.test("enroot import gives the same bytes again with SOURCE_DATE_EPOCH", async () => {
  using home = makeHome();
  const uri = largeLayout(home);
  for (const options of ["-comp zstd -noD", "-comp gzip -b 64K", "-comp lz4 -no-duplicates"]) {
    const images: Uint8Array[] = [];
    for (const processors of ["1", "4", "4"]) {
      const env = {
        SOURCE_DATE_EPOCH: "1700000000",
        ENROOT_MAX_PROCESSORS: processors,
        ENROOT_SQUASH_OPTIONS: options,
      };
      const args = ["import", "--force", "-a", "amd64", "-o", "image", uri];
      assertEquals((await runEnroot(args, { home, env })).code, 0);
      images.push(Deno.readFileSync(`${home.path}/image`));
    }
    const [first, ...others] = images;
    for (const other of others) assert(first !== undefined && equal(first, other), options);
  }
});

function equal(first: Uint8Array, second: Uint8Array): boolean {
  return first.length === second.length && first.every((byte, index) => byte === second[index]);
}

Deno.test("enroot import says what is wrong with a reference", async () => {
  using home = makeHome();
  const { code, stderr } = await runEnroot(["import", "docker://UPPER/case"], { home });
  assertEquals(code, 1);
  assertStringIncludes(stderr, "[ERROR] Invalid image reference: docker://UPPER/case");
  const missing = await runEnroot(["import", "oci:nowhere"], { home });
  assertEquals(missing.stderr, "[ERROR] No such file or directory: nowhere\n");
});
