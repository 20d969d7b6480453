import { assertEquals, assertStringIncludes } from "@std/assert";
import { containerTest, makeContainerHome } from "../support/container.ts";
import { makeHome, programFiles, runEnroot, TEST_UID } from "../support/enroot.ts";

containerTest("batch starts the root file system that its script names", async () => {
  using home = await makeContainerHome();
  Deno.writeTextFileSync(
    `${home.path}/job.sh`,
    [
      "#ENROOT_ROOTFS=box",
      "#ENROOT_REMAP_ROOT=y",
      'environ() { echo "FROM_SCRIPT=$1"; }',
      'rc() { echo "$(id -u) $FROM_SCRIPT $2"; }',
      "",
    ].join("\n"),
  );
  const named = await home.enroot(["batch", "job.sh", "one", "-two"]);
  assertEquals(named, { code: 0, signal: null, stdout: "0 one -two\n", stderr: "" });

  Deno.writeTextFileSync(`${home.path}/image.sh`, `#ENROOT_ROOTFS=${home.path}/box.sqsh\n`);
  const image = await home.enroot(["batch", "--", "image.sh", "sh", "-c", "exit 3"]);
  assertEquals(image, { code: 3, signal: null, stdout: "", stderr: "" });
}, { fuse: true });

containerTest("batch is the interpreter of a script's first line", async () => {
  using home = await makeContainerHome();
  const { command, args, env } = programFiles();
  const enroot = `${home.path}/enroot`;
  const words = [command, ...args].map((word) => `'${word}'`).join(" ");
  Deno.writeTextFileSync(enroot, `#!/bin/sh\nexec ${words} "$@"\n`, { mode: 0o755 });
  const script = `${home.path}/job`;
  Deno.writeTextFileSync(
    script,
    `#! ${enroot} batch\n#ENROOT_ROOTFS=box\nrc() { echo "script: $*"; exit 4; }\n`,
    { mode: 0o755 },
  );
  const { code, stdout, stderr } = await new Deno.Command(script, {
    args: ["a b", "c"],
    env: { ...home.env, ...env },
    ...(Deno.uid() === 0 ? { uid: TEST_UID, gid: TEST_UID } : {}),
  }).output();
  const decoder = new TextDecoder();
  assertEquals(
    [code, decoder.decode(stdout), decoder.decode(stderr)],
    [4, "script: a b c\n", ""],
  );
});

Deno.test("batch says what its script lacks", async () => {
  using home = makeHome();
  Deno.writeTextFileSync(`${home.path}/job.sh`, "environ() { :; }\n");
  const lacking = await runEnroot(["batch", "job.sh"], { home });
  assertEquals([lacking.code, lacking.stdout], [1, ""]);
  assertEquals(lacking.stderr, "[ERROR] Missing directive ENROOT_ROOTFS in job.sh\n");
  const missing = await runEnroot(["batch", "none.sh"], { home });
  assertEquals([missing.code, missing.stderr], [
    1,
    "[ERROR] No such file or directory: none.sh\n",
  ]);
  Deno.writeTextFileSync(`${home.path}/job.sh`, "#ENROOT_ROOTFS=nowhere\n");
  const wrong = await runEnroot(["batch", "job.sh"], { home });
  assertStringIncludes(wrong.stderr, `[ERROR] No such file or directory: ${home.data}/nowhere\n`);
});
