/**
 * A whole Debian system as an image: several layers with whiteouts, hard links, setuid files, long
 * names and extended attributes, through a real registry. What `umoci unpack` makes of it is the
 * judge; then apt works in the container.
 */
import { assertEquals, assertStringIncludes } from "@std/assert";
import {
  DOCKER_REGISTRY_NEEDS,
  type DockerRegistry,
  startDockerRegistry,
} from "../support/docker_registry.ts";
import { makeHome, runEnroot, TEST_UID } from "../support/enroot.ts";
import { type Needs, requiring } from "../support/requires.ts";

const NEEDS: Needs = {
  // To make a Debian system.
  root: true,
  loopDevices: true,
  programs: [...DOCKER_REGISTRY_NEEDS.programs, "debootstrap", "umoci", "setfattr", "getfattr"],
};
const MIRROR = "http://deb.debian.org/debian";
/** What we put into an image, and what changes with it. */
const OURS = ["etc", "etc/rc", "etc/rc.local", "etc/fstab", "etc/environment"];

Deno.test({
  ...requiring(
    NEEDS,
    "import of a Debian image equals what umoci makes of it, and the kernel mounts it",
  ),
  sanitizeResources: false,
  async fn(test) {
    const work = Deno.makeTempDirSync({ dir: "/var/tmp", prefix: "enroot-debian-" });
    using home = makeHome();
    const environment = { ENROOT_ALLOW_HTTP: "y" };
    try {
      makeImage(work);
      await using registry = await startDockerRegistry();
      await publish(registry, work);
      for (const tag of ["oci", "v2s2"]) {
        await test.step(`as ${tag}`, async () => {
          const image = `${home.path}/${tag}.sqsh`;
          const uri = `docker://${registry.address}/debian:${tag}`;
          const { code, stderr } = await runEnroot(["import", "-o", image, uri], {
            home,
            env: environment,
          });
          assertEquals(code, 0, stderr);
          compare(image, work);
        });
      }
      await test.step("apt-get installs a package", async () => {
        const enroot = async (...args: string[]) => {
          const run = await runEnroot(args, { home, timeout: 300_000 });
          assertEquals(run.code, 0, run.stderr + run.stdout);
          return run;
        };
        await enroot("create", "-n", "debian", `${home.path}/oci.sqsh`);
        const script = "apt-get update -qq && apt-get install -y -qq hello && hello";
        const { stdout } = await enroot("start", "--root", "--rw", "debian", "sh", "-c", script);
        assertStringIncludes(stdout, "Hello, world!");
        assertEquals(Deno.statSync(`${home.data}/debian/usr/bin/hello`).uid, TEST_UID);
      });
    } finally {
      run("rm", ["-rf", work]);
    }
  },
});

/** An OCI layout `layout:debian` of two layers, and `bundle/rootfs` as umoci unpacks it. */
function makeImage(work: string): void {
  run("debootstrap", ["--variant=minbase", "bookworm", `${work}/base`, MIRROR]);
  const top = `${work}/top`;
  const long = `${"long-name-".repeat(18)}/${"x".repeat(120)}`;
  run("sh", [
    "-e",
    "-c",
    `
    mkdir -p ${top}/etc/more ${top}/usr/share/doc ${top}/opt/${long} ${top}/usr/share/base-files
    echo secret > ${top}/etc/special; chmod 4751 ${top}/etc/special
    ln ${top}/etc/special ${top}/etc/more/hard
    setfattr -n user.note -v value ${top}/etc/special
    echo end > ${top}/opt/${long}/file
    ln -s ../../etc/special ${top}/opt/link
    touch ${top}/usr/share/doc/.wh.apt ${top}/usr/share/base-files/.wh..wh..opq
    echo new > ${top}/usr/share/base-files/only
    truncate -s 3M ${top}/opt/sparse; echo tail >> ${top}/opt/sparse
    mkfifo ${top}/opt/fifo; mknod ${top}/opt/null c 1 3
    tar -C ${work}/base --exclude=./dev/* --exclude=./var/cache/apt/archives/* -cf ${work}/1.tar .
    tar --xattrs --xattrs-include=* -S -C ${top} -cf ${work}/2.tar .
    umoci init --layout ${work}/layout
    umoci new --image ${work}/layout:debian
    umoci raw add-layer --image ${work}/layout:debian ${work}/1.tar
    umoci raw add-layer --image ${work}/layout:debian ${work}/2.tar
    umoci unpack --image ${work}/layout:debian ${work}/bundle
  `,
  ]);
}

async function publish(registry: DockerRegistry, work: string): Promise<void> {
  await registry.push(`oci:${work}/layout:debian`, "debian:oci", { format: "oci" });
  await registry.push(`oci:${work}/layout:debian`, "debian:v2s2", { format: "v2s2" });
}

/** Mounts the image as the kernel sees it, and compares file by file. */
function compare(image: string, work: string): void {
  const mountPoint = `${work}/mnt`;
  Deno.mkdirSync(mountPoint, { recursive: true });
  run("mount", ["-t", "squashfs", "-o", "loop,ro", image, mountPoint]);
  try {
    const ours = describeTree(mountPoint);
    const theirs = describeTree(`${work}/bundle/rootfs`);
    for (const path of OURS) {
      ours.delete(path);
      theirs.delete(path);
    }
    assertEquals([...ours.keys()].sort(), [...theirs.keys()].sort());
    const differences = [...ours].filter(([path, line]) => theirs.get(path) !== line)
      .map(([path, line]) => `${path}: ${line} instead of ${theirs.get(path)}`);
    assertEquals(differences, []);
  } finally {
    run("umount", [mountPoint]);
  }
}

/** Type, mode, time, size, device, link target, links, content and attributes of each file, by path. */
function describeTree(root: string): Map<string, string> {
  const shell = (command: string) => run("sh", ["-c", `cd ${root} && ${command}`]);
  const lines = new Map<string, string>();
  const listed = shell("find . -mindepth 1 -printf '%y\\t%m\\t%T@\\t%s\\t%l\\t%n\\t%P\\0'");
  for (const entry of listed.split("\0").filter((entry) => entry !== "")) {
    const [type = "", mode = "", time = "", size = "", target = "", links = "", path = ""] = entry
      .split("\t");
    const length = type === "f" ? `${size} bytes, ${links} links` : "";
    const seconds = time.replace(/\..*/, "");
    lines.set(path, [type, mode, seconds, length, target].join(" "));
  }
  const append = (path: string, text: string) => lines.set(path, `${lines.get(path)} ${text}`);
  for (const line of shell("find . -type f -print0 | xargs -0 sha256sum").split("\n")) {
    const [hash = "", path = ""] = line.split("  ./");
    if (path !== "") append(path, hash);
  }
  for (const block of shell("getfattr -R -h -d -m - . 2> /dev/null || true").split("\n\n")) {
    const [head = "", ...attributes] = block.split("\n");
    if (attributes.length > 0) append(head.replace("# file: ", ""), attributes.join(" "));
  }
  for (const line of shell("find . -type c -print0 | xargs -0 -r stat -c '%n %t:%T'").split("\n")) {
    const [path = "", device = ""] = line.split(" ");
    if (path !== "") append(path.slice(2), device);
  }
  return lines;
}

function run(program: string, args: string[]): string {
  const { success, stdout, stderr } = new Deno.Command(program, { args }).outputSync();
  if (!success) throw new Error(`${program}: ${new TextDecoder().decode(stderr)}`);
  return new TextDecoder().decode(stdout);
}
