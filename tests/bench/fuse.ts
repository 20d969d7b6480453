/**
 * Measures the image server against squashfuse and the kernel's own squashfs.
 *
 *     deno run -A tests/bench/fuse.ts [--cold] [--rounds N] [--files N] [--only TITLE]
 *
 * Every measurement begins with a fresh mount. With --cold the image is not in the page cache
 * either; otherwise it is.
 */
import { fileURLToPath } from "node:url";
import {
  compileServer,
  type Contender,
  contenders,
  type Cost,
  withMount,
} from "./fuse_contenders.ts";
import { type BenchImages, LARGE_FILE, makeImages } from "./fuse_images.ts";

const RANDOM_READER = fileURLToPath(new URL("./random_reader.ts", import.meta.url));
const RANDOM_READS = 20_000;

interface Measurement {
  title: string;
  image: keyof BenchImages;
  /** Does the work on the mounted image. @returns seconds, if they are not those it takes */
  work: (directory: string) => Promise<number | void>;
}

export const MEASUREMENTS: readonly Measurement[] = [
  { title: "walk, names only", image: "files", work: shell('find "$1" > /dev/null') },
  { title: "walk, status of every file", image: "files", work: shell('find "$1" -size +9G') },
  {
    title: "tar of all files",
    image: "files",
    work: shell('tar cf - -C "$1" . | cat > /dev/null'),
  },
  ...(["large", "compressed"] as const).flatMap((image): Measurement[] => [
    {
      title: `sequential read, ${image}`,
      image,
      work: shell(`cat "$1/${LARGE_FILE}" > /dev/null`),
    },
    {
      title: `random 4 KiB reads, ${image}, 1 reader`,
      image,
      work: (directory) => readRandomly(directory, 1),
    },
    {
      title: `random 4 KiB reads, ${image}, 8 readers`,
      image,
      work: (directory) => readRandomly(directory, 8),
    },
  ]),
];

async function main(args: string[]): Promise<void> {
  const option = (name: string, fallback: number) => {
    const at = args.indexOf(name);
    return at === -1 ? fallback : Number(args[at + 1]);
  };
  const cold = args.includes("--cold");
  const directory = Deno.makeTempDirSync({ prefix: "enroot-bench-" });
  try {
    const images = makeImages(directory, { files: option("--files", 100_000) });
    const mountpoint = `${directory}/mount`;
    Deno.mkdirSync(mountpoint);
    const all = contenders(compileServer(directory));
    const only = args[args.indexOf("--only") + 1] ?? "";
    for (const measurement of MEASUREMENTS) {
      if (args.includes("--only") && !measurement.title.includes(only)) continue;
      const image = images[measurement.image];
      say(`\n${measurement.title}${cold ? ", cold" : ""}`);
      const results = new Map<Contender, { seconds: number; cost: Cost | null }[]>();
      for (let round = 0; round < option("--rounds", 3); round++) {
        // Whoever comes first may find a slower disk: take turns.
        const first = round % all.length;
        for (const contender of [...all.slice(first), ...all.slice(0, first)]) {
          prepare(image, { cold });
          const result = await withMount(contender, { image, directory: mountpoint }, async () => {
            const begin = performance.now();
            return await measurement.work(mountpoint) ?? (performance.now() - begin) / 1000;
          });
          results.set(contender, [
            ...results.get(contender) ?? [],
            { seconds: result.result, cost: result.cost },
          ]);
        }
      }
      report(results);
    }
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
}

/** Puts an image in the page cache, or takes it out. */
export function prepare(image: string, { cold }: { cold: boolean }): void {
  if (!cold) {
    new Deno.Command("cat", { args: [image], stdout: "null" }).outputSync();
    return;
  }
  new Deno.Command("sync", { args: [image] }).outputSync();
  new Deno.Command("dd", { args: [`if=${image}`, "iflag=nocache", "count=0"], stderr: "null" })
    .outputSync();
}

function shell(script: string): (directory: string) => Promise<void> {
  return async (directory) => {
    const { success, stderr } = await new Deno.Command("sh", {
      args: ["-c", script, "sh", directory],
      stdout: "null",
    }).output();
    if (!success) throw new Error(new TextDecoder().decode(stderr));
  };
}

/** So many processes at once, started before the clock. */
async function readRandomly(directory: string, readers: number): Promise<number> {
  const processes = Array.from({ length: readers }, (_, seed) =>
    new Deno.Command(Deno.execPath(), {
      args: [
        ...["run", "-A", "--no-check", "--no-config", RANDOM_READER],
        ...[`${directory}/${LARGE_FILE}`, String(RANDOM_READS / readers), String(seed + 1)],
      ],
      stdin: "piped",
      stdout: "piped",
    }).spawn());
  for (const { stdout } of processes) await stdout.getReader().read();
  const begin = performance.now();
  for (const { stdin } of processes) await stdin.getWriter().write(Uint8Array.of(0));
  const ends = await Promise.all(processes.map(({ status }) => status));
  if (!ends.every(({ success }) => success)) throw new Error("a reader failed");
  return (performance.now() - begin) / 1000;
}

function report(results: Map<Contender, { seconds: number; cost: Cost | null }[]>): void {
  const medians = [...results].map(([{ name }, rounds]) => {
    const sorted = rounds.toSorted((a, b) => a.seconds - b.seconds);
    return { name, ...sorted[Math.floor(sorted.length / 2)] ?? { seconds: NaN, cost: null } };
  });
  const ours = medians[0]?.seconds ?? NaN;
  for (const { name, seconds, cost } of medians) {
    const times = `${(seconds / ours).toFixed(2)} × ours`;
    const server = cost === null ? "" : `server: ${cost.processor.toFixed(2)} s of processor, ` +
      `${cost.resident.toFixed(0)} MB (${cost.anonymous.toFixed(0)} of its own)`;
    say(
      `  ${name.padEnd(14)} ${seconds.toFixed(3).padStart(8)} s  ${times.padStart(12)}  ${server}`,
    );
  }
}

function say(line: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
}

if (import.meta.main) await main(Deno.args);
