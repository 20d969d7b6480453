/** Those who can mount an image, to be measured against each other. */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { V8_FLAGS } from "../../scripts/v8_flags.ts";

const REPOSITORY = fileURLToPath(new URL("../../", import.meta.url));

/** One way to mount an image. */
export interface Contender {
  name: string;
  /** The program and arguments that serve `image` at `directory` in the foreground; null: the kernel. */
  command: ((image: string, directory: string) => string[]) | null;
}

/** What a mount has cost by the time it was unmounted. */
export interface Cost {
  /** Processor time of the server, in seconds. */
  processor: number;
  /** Most resident memory of the server, and how much of it was its own, in MB. */
  resident: number;
  anonymous: number;
}

/** The image server and all others that are installed here; `server` is compileServer()'s. */
export function contenders(server: string): Contender[] {
  const all: Contender[] = [
    { name: "ours", command: (image, directory) => [server, image, directory] },
    ...["squashfuse", "squashfuse_ll"].filter(isInstalled).map((name): Contender => ({
      name,
      command: (image, directory) => [name, "-f", image, directory],
    })),
  ];
  if (Deno.uid() === 0) all.push({ name: "kernel (loop)", command: null });
  return all;
}

/** Compiles the image server alone, as it is part of the program. @returns its path */
export function compileServer(directory: string): string {
  const output = join(directory, "image-server");
  const { success, stderr } = new Deno.Command(Deno.execPath(), {
    args: [
      ...["compile", "-q", "-A", "--no-check", "--no-config", "--no-lock", "--no-code-cache"],
      `--v8-flags=${V8_FLAGS.join(",")}`,
      ...["--include", join(REPOSITORY, "src/runtime/image/server/worker.ts")],
      ...["--output", output, join(REPOSITORY, "tests/support/serve_image.ts")],
    ],
  }).outputSync();
  if (!success) throw new Error(`deno compile: ${new TextDecoder().decode(stderr)}`);
  return output;
}

/** Mounts an image, has it measured, and unmounts it. */
export async function withMount<T>(
  { command }: Contender,
  { image, directory }: { image: string; directory: string },
  measure: () => Promise<T>,
): Promise<{ result: T; cost: Cost | null }> {
  const [program = "mount", ...args] = command?.(image, directory) ??
    ["mount", "-t", "squashfs", "-o", "loop,ro", image, directory];
  const device = Deno.statSync(directory).dev;
  const server = new Deno.Command(program, { args, stdin: "null", stdout: "null" }).spawn();
  if (command === null) await server.status;
  while (Deno.statSync(directory).dev === device) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  try {
    const result = await measure();
    return { result, cost: command === null ? null : costOf(server.pid) };
  } finally {
    // Whoever looks at all mounts of the machine may keep this one busy for a moment.
    await new Deno.Command("umount", { args: ["--lazy", directory] }).output();
    await server.status;
  }
}

function costOf(pid: number): Cost {
  const times = Deno.readTextFileSync(`/proc/${pid}/stat`).replace(/^.*\) /, "").split(" ");
  const status = Deno.readTextFileSync(`/proc/${pid}/status`);
  const megabytes = (field: string) =>
    Number(new RegExp(`^${field}:\\s+(\\d+) kB`, "m").exec(status)?.[1]) / 1024;
  return {
    processor: (Number(times[11]) + Number(times[12])) / 100,
    resident: megabytes("VmHWM"),
    anonymous: megabytes("RssAnon"),
  };
}

function isInstalled(program: string): boolean {
  try {
    new Deno.Command(program, { args: ["--help"], stdout: "null", stderr: "null" }).outputSync();
    return true;
  } catch {
    return false;
  }
}
