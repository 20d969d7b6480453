/**
 * Squashfs images mounted for a test: through the program's image server, and by the kernel through
 * a loop device, which is the judge.
 */
import { fileURLToPath } from "node:url";
import type { Needs } from "./requires.ts";
import { until } from "./until.ts";

const DRIVER = fileURLToPath(new URL("./serve_image.ts", import.meta.url));

/** A mounted image; disposing unmounts it. */
export interface ImageMount extends AsyncDisposable {
  readonly path: string;
}

/** An image mounted through the image server. */
export interface ServedMount extends ImageMount {
  readonly server: Deno.ChildProcess;
  /** Unmounts and waits for the server to end. */
  end(): Promise<ServerEnd>;
}

/** How an image server ended. */
export interface ServerEnd {
  code: number;
  signal: Deno.Signal | null;
  stderr: string;
}

/** What it takes to make images with everything in them, and to mount them both ways. */
export const IMAGE_MOUNT_NEEDS: Needs = {
  programs: ["mksquashfs", "setfattr", "getfattr", "setcap"],
  fuse: true,
  loopDevices: true,
  xattrs: true,
};

/** Mounts an image at a new directory and serves it; `args` go to serve_image.ts. */
export async function mountServed(image: string, args: string[] = []): Promise<ServedMount> {
  const path = Deno.makeTempDirSync({ prefix: "enroot-served-" });
  const server = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "-q",
      "-A",
      "--no-lock",
      "--no-config",
      "--no-check",
      DRIVER,
      image,
      path,
      ...args,
    ],
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const ended = Promise.all([server.status, new Response(server.stderr).text()])
    .then(([{ code, signal }, stderr]) => ({ code, signal, stderr }));
  let running = true;
  ended.then(() => running = false);
  await until(() => !running || isMounted(path));
  const end = async () => {
    if (isMounted(path)) await run("umount", "--lazy", path);
    const result = await ended;
    Deno.removeSync(path);
    return result;
  };
  let over: Promise<ServerEnd> | undefined;
  return {
    path,
    server,
    end: () => over ??= end(),
    async [Symbol.asyncDispose]() {
      await (over ??= end());
    },
  };
}

/** Mounts an image by the kernel's own squashfs. */
export async function mountLoop(image: string): Promise<ImageMount> {
  const path = Deno.makeTempDirSync({ prefix: "enroot-loop-" });
  await run("mount", "-t", "squashfs", "-o", "loop,ro", image, path);
  return {
    path,
    async [Symbol.asyncDispose]() {
      await run("umount", path);
      Deno.removeSync(path);
    },
  };
}

/** Runs a program that must succeed. @returns its output */
export async function run(program: string, ...args: string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(program, { args, stdin: "null" })
    .output();
  const decoder = new TextDecoder();
  if (!success) throw new Error(`${program} ${args.join(" ")}: ${decoder.decode(stderr)}`);
  return decoder.decode(stdout);
}

function isMounted(path: string): boolean {
  return Deno.readTextFileSync("/proc/self/mountinfo").includes(` ${path} `);
}
