/**
 * Measures what users wait for: import, create, start and remove of one image, with the tools that do
 * a part of the same work, where they are installed, as a yardstick.
 *
 *     deno task compile && ENROOT_TEST_BINARY=dist/enroot deno task bench [FILES]
 */
import { gzipSync } from "node:zlib";
import { makeHome, runEnroot, type TestHome } from "../tests/support/enroot.ts";
import { hostImage } from "../tests/support/host_image.ts";
import { RegistryServer } from "../tests/support/registry.ts";
import { tarArchive } from "../tests/support/tar_archive.ts";

const ARCHITECTURES: Readonly<Record<string, string>> = { x86_64: "amd64", aarch64: "arm64" };
const FILE_SIZE = 16 * 1024;
const REPEATS = 20;

async function main([count = "10000"]: string[]): Promise<void> {
  const files = Number(count);
  await using registry = new RegistryServer();
  const { layers, config } = hostImage();
  const all = [...layers, manyFiles(files)];
  registry.push("bench", "latest", {
    layers: all.map((layer) => ({ bytes: new Uint8Array(gzipSync(layer, { level: 1 })) })),
    config,
    architecture: ARCHITECTURES[Deno.build.arch] ?? Deno.build.arch,
  });
  using home = makeHome();
  say(`${files} files of ${FILE_SIZE / 1024} KiB, ${Math.round(total(all) / 1e6)} MB of layers`);
  const reference = `docker://${registry.address}/bench`;
  const measurements: Measurement[] = [
    { title: "import, empty cache", args: ["import", "-o", "bench.sqsh", reference] },
    { title: "import, full cache", args: ["import", "-o", "again.sqsh", reference] },
    { title: "create", args: ["create", "-n", "bench", "bench.sqsh"] },
    { title: "start", args: ["start", "bench", "true"], times: REPEATS },
    {
      title: "start, no login shell",
      args: ["start", "bench", "true"],
      times: REPEATS,
      env: { ENROOT_LOGIN_SHELL: "n" },
    },
    { title: "list", args: ["list"], times: REPEATS },
    { title: "version", args: ["version"], times: REPEATS },
    { title: "remove", args: ["remove", "-f", "bench"] },
  ];
  for (const measurement of measurements) await enroot(home, measurement);
  tool(home, ["unsquashfs", "-quiet", "-no-progress", "-d", "unsquashed", "bench.sqsh"]);
  tool(home, ["mksquashfs", "unsquashed", "made.sqsh", "-quiet", "-no-progress", "-noD"]);
}

/** A layer of files that differ and hardly compress. */
function manyFiles(count: number): Uint8Array<ArrayBuffer> {
  const noise = new Uint8Array(FILE_SIZE + count);
  for (let at = 0; at < noise.length; at += 65536) {
    crypto.getRandomValues(noise.subarray(at, at + 65536));
  }
  return tarArchive(Array.from({ length: count }, (_, number) => ({
    path: `data/${number % 100}/${number}`,
    data: noise.subarray(number, number + FILE_SIZE),
  })));
}

function total(layers: Uint8Array[]): number {
  return layers.reduce((sum, layer) => sum + layer.length, 0);
}

interface Measurement {
  title: string;
  args: string[];
  times?: number;
  env?: Record<string, string>;
}

async function enroot(
  home: TestHome,
  { title, args, times = 1, env = {} }: Measurement,
): Promise<void> {
  const begin = performance.now();
  for (let run = 0; run < times; run++) {
    const { code, stderr } = await runEnroot(args, {
      home,
      env: { ENROOT_ALLOW_HTTP: "y", ...env },
    });
    if (code !== 0) throw new Error(`enroot ${args.join(" ")}: ${stderr}`);
  }
  report(`enroot ${title}`, (performance.now() - begin) / times);
}

function tool({ path }: TestHome, [name = "", ...args]: string[]): void {
  const begin = performance.now();
  try {
    const { success } = new Deno.Command(name, { args, cwd: path, stdout: "null" })
      .outputSync();
    if (success) report(name, performance.now() - begin);
  } catch {
    say(`${name.padEnd(32)} not installed`);
  }
}

function report(title: string, milliseconds: number): void {
  say(`${title.padEnd(32)} ${milliseconds.toFixed(0).padStart(7)} ms`);
}

function say(line: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
}

if (import.meta.main) await main(Deno.args);
