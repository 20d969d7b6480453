/** What root of a container can do to the processes that serve its images: nothing. */
import { assert, assertEquals } from "@std/assert";
import { type ContainerHome, sharedContainerHome } from "../support/container.ts";
import { enrootCommand, type RunOptions, TEST_UID } from "../support/enroot.ts";
import { holdersOf, imageTest, untilReleased } from "../support/fuse.ts";
import type { Needs } from "../support/requires.ts";

const box = sharedContainerHome();

/** A way to have an image mounted. */
interface Way {
  args: string[];
  /** Files that are made below the home directory for it, by path. */
  files?: Record<string, string>;
  env?: RunOptions["env"];
}

const LINE = (home: ContainerHome) => `${home.path}/box.sqsh /extra`;

const WAYS: Record<string, (home: ContainerHome) => Way> = {
  "started image": () => ({ args: ["box.sqsh"] }),
  "image that --mount names": () => ({ args: ["--mount", "box.sqsh:/extra", "box"] }),
  "image that --mount adds to another": () => ({
    args: ["--mount", "box.sqsh:/extra", "--mount", "box.sqsh:/more", "box.sqsh"],
  }),
  "image of an fstab": (home) => ({
    args: ["box"],
    files: { "config/enroot/mounts.d/50-image.fstab": `${LINE(home)}\n` },
  }),
  "image of the root's own fstab": (home) => ({
    args: ["box"],
    files: { "data/enroot/box/etc/fstab": `${LINE(home)} squashfs\n` },
  }),
  "image of a hook": (home) => ({
    args: ["box"],
    files: {
      "config/enroot/hooks.d/50-image.sh": `#!/bin/sh\necho '${LINE(home)}' >> $ENROOT_MOUNTS\n`,
    },
  }),
  "image of a configuration script": (home) => ({
    args: ["--conf", "image.conf", "box"],
    files: { "image.conf": `mounts() {\n\techo "${LINE(home)}"\n}\n` },
  }),
  "image of a script for bash": (home) => ({
    args: ["--conf", "image.conf", "box"],
    files: { "image.conf": `mounts() { printf '%s\\n' '${LINE(home)}'; }\n` },
  }),
};

/**
 * Looks for what a process gives away: for a file of the caller's through its root and working
 * directory, and for the image among its descriptors.
 */
const LOOK = `ls /extra > /dev/null 2>&1
for process in /proc/[0-9]*; do
  for place in root cwd; do
    cat $process/$place$0 2> /dev/null && cat $process/cmdline
  done
  for file in $process/fd/*; do
    [ "$(readlink $file 2> /dev/null)" = "$1" ] && echo $file
  done
done
echo looked; read line`;

async function lookThrough({ args, files = {}, env = {} }: Way, home: ContainerHome) {
  const secret = `${home.path}/secret`;
  const image = `${home.path}/box.sqsh`;
  Deno.writeTextFileSync(secret, "a secret of the caller\n", { mode: 0o600 });
  if (Deno.uid() === 0) Deno.chownSync(secret, TEST_UID, TEST_UID);
  for (const [path, text] of Object.entries(files)) {
    const whole = `${home.path}/${path}`;
    Deno.mkdirSync(whole.slice(0, whole.lastIndexOf("/")), { recursive: true });
    Deno.writeTextFileSync(whole, text, { mode: 0o755 });
  }
  const start = ["start", "--root", ...args, "sh", "-c", LOOK, secret, image];
  const child = enrootCommand(start, { home, env, stdin: "" }).spawn();
  try {
    let seen = "";
    for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
      seen += text;
      if (seen.endsWith("looked\n")) break;
    }
    assertEquals(seen, "looked\n");
    assert(holdersOf(image).length > 0);
  } finally {
    await child.stdin.close();
    await child.stderr.cancel();
    await child.status;
    for (const path of Object.keys(files)) Deno.removeSync(`${home.path}/${path}`);
  }
  await untilReleased(image);
}

for (const [what, way] of Object.entries(WAYS)) {
  for (const options of [[], ["--pid"]]) {
    const name = ["root of a container reaches nothing through the server of an", what, ...options];
    const needs: Needs = what.endsWith("bash") ? { programs: ["bash"] } : {};
    imageTest(name.join(" ").replace("an started", "a started"), async () => {
      const home = await box();
      const { args, ...others } = way(home);
      await lookThrough({ args: [...options, ...args], ...others }, home);
    }, needs);
  }
}

imageTest("root of a container reaches nothing through fuse-overlayfs", async () => {
  const home = await box();
  const env = { ENROOT_NATIVE_OVERLAYFS: "n" };
  for (const options of [[], ["--pid"]]) {
    await lookThrough({ args: [...options, "box.sqsh"], env }, home);
  }
}, { programs: ["fuse-overlayfs"] });
