/**
 * Bundles the program's modules into a few, which start faster: loading some 150 modules takes
 * longer than what most of them do.
 */
import { dirname, join, relative, resolve } from "node:path";
import * as esbuild from "npm:esbuild@0.25.12";

export interface BundleOptions {
  /** The directory of `main.ts`. */
  root: string;
  /** Modules that are started as workers, relative to the root: bundled each by itself. */
  workers: readonly string[];
  /** Files and directories of data that modules read, relative to the root. */
  data: readonly string[];
  /** An import map whose relative entries are bundled; others are left to the compiler. */
  importMap: string | null;
  /** Where to put it all; what is there is replaced. */
  output: string;
}

/** Bundles `main.ts`; the result is `main.js` in the output directory. */
export async function bundle(options: BundleOptions): Promise<void> {
  const { root, workers, data, output } = options;
  Deno.mkdirSync(output, { recursive: true });
  Deno.removeSync(output, { recursive: true });
  const common: esbuild.BuildOptions = {
    absWorkingDir: root,
    bundle: true,
    format: "esm",
    platform: "neutral",
    target: "esnext",
    // Less to read at each start; names stay, for traces.
    minifySyntax: true,
    minifyWhitespace: true,
    logLevel: "warning",
  };
  try {
    await esbuild.build({
      ...common,
      plugins: [standIns(options), keepAddresses(root, ".")],
      entryPoints: ["main.ts"],
      outdir: output,
      splitting: true,
      chunkNames: "chunk-[hash]",
    });
    for (const worker of workers) {
      await esbuild.build({
        ...common,
        plugins: [standIns(options), keepAddresses(root, dirname(worker))],
        entryPoints: [worker],
        outfile: join(output, worker),
      });
    }
  } finally {
    await esbuild.stop();
  }
  for (const path of data) copyTree(join(root, path), join(output, path));
}

/** Takes what an import map puts in the place of a package along; packages stay imports. */
function standIns({ importMap }: BundleOptions): esbuild.Plugin {
  const imports: Record<string, string> = importMap === null
    ? {}
    : JSON.parse(Deno.readTextFileSync(importMap)).imports;
  return {
    name: "stand-ins",
    setup(build) {
      build.onResolve({ filter: /^(@std\/|npm:|jsr:|node:)/ }, ({ path }) => {
        const target = imports[path] ?? path;
        if (importMap !== null && target.startsWith(".")) {
          return { path: resolve(dirname(importMap), target) };
        }
        return { path: target, external: true };
      });
    },
  };
}

/**
 * Modules name files beside them by `import.meta.url`, which is that of the bundle then.
 *
 * @param place the directory of the bundle, relative to the root
 */
function keepAddresses(root: string, place: string): esbuild.Plugin {
  return {
    name: "keep-addresses",
    setup(build) {
      build.onLoad({ filter: /\.ts$/ }, ({ path }) => {
        const text = Deno.readTextFileSync(path);
        const address = JSON.stringify(`./${relative(join(root, place), path)}`);
        const contents = text.replaceAll(
          "import.meta.url",
          `new URL(${address}, import.meta.url).href`,
        );
        return { contents, loader: "ts" };
      });
    },
  };
}

function copyTree(from: string, to: string): void {
  if (!Deno.statSync(from).isDirectory) {
    Deno.mkdirSync(dirname(to), { recursive: true });
    return Deno.copyFileSync(from, to);
  }
  Deno.mkdirSync(to, { recursive: true });
  for (const { name } of Deno.readDirSync(from)) copyTree(join(from, name), join(to, name));
}
