/**
 * Compiles the program to one executable.
 *
 *     deno task compile                      # dist/enroot, for this machine
 *     deno task compile --target aarch64     # dist/enroot-aarch64
 *
 * `--no-code-cache` matters: without it the executable would load compiled code from a file of a
 * well-known name in $TMPDIR, which any user of the machine could have put there.
 */
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { bundle } from "./bundle.ts";
import { readSources } from "./check_rooms.ts";
import { withFirstStage } from "./first_stage/install.ts";
import { V8_FLAGS } from "./v8_flags.ts";

const REPOSITORY = fileURLToPath(new URL("../", import.meta.url));
const TARGETS: Readonly<Record<string, string>> = {
  x86_64: "x86_64-unknown-linux-gnu",
  aarch64: "aarch64-unknown-linux-gnu",
};

/** What modules read by address. */
const DATA = ["conf", "src/formats/compress/xz/liblzma.wasm"];

/** Modules that are started by address (workers), which the compiler does not find by itself. */
export function workerModules(): string[] {
  return readSources(REPOSITORY).flatMap(({ path, text }) =>
    [...text.matchAll(/new URL\("(\.[^"]+\.ts)", import\.meta\.url\)/g)]
      .map(([, specifier = ""]) => join(path, "..", specifier))
  );
}

async function main(args: string[]): Promise<number> {
  const [option, architecture = ""] = args;
  const target = TARGETS[architecture];
  if (args.length > 0 && (option !== "--target" || args.length > 2 || target === undefined)) {
    return fail(`usage: compile [--target ${Object.keys(TARGETS).join("|")}]`);
  }
  const output = join(
    REPOSITORY,
    "dist",
    target === undefined ? "enroot" : `enroot-${architecture}`,
  );
  const map = Deno.env.get("ENROOT_IMPORT_MAP") || null;
  const workers = workerModules();
  const directory = Deno.makeTempDirSync({ prefix: "enroot-bundle-" });
  try {
    await bundle({ root: REPOSITORY, workers, data: DATA, importMap: map, output: directory });
    const { success } = await new Deno.Command(Deno.execPath(), {
      args: [
        "compile",
        "--quiet",
        "--allow-all",
        "--no-check",
        "--no-code-cache",
        `--v8-flags=${V8_FLAGS.join(",")}`,
        "--no-lock",
        "--config",
        join(REPOSITORY, "deno.json"),
        ...(target === undefined ? [] : ["--target", target]),
        ...[...DATA, ...workers].flatMap((path) => ["--include", path]),
        "--output",
        output,
        "main.js",
      ],
      cwd: directory,
      stdin: "null",
      stdout: "inherit",
      stderr: "inherit",
    }).output();
    if (!success) return fail("cannot compile: see above");
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
  const size = installFirstStage(output);
  say(`${relative(Deno.cwd(), output)}: ${Math.round(size / 1e6)} MB`);
  return 0;
}

/** Puts another file in its place: this one may be running. Returns its size. */
function installFirstStage(path: string): number {
  const executable = withFirstStage(Deno.readFileSync(path));
  const temporary = `${path}.new`;
  Deno.writeFileSync(temporary, executable, { mode: 0o755 });
  Deno.renameSync(temporary, path);
  return executable.length;
}

function fail(message: string): number {
  say(message);
  return 1;
}

function say(line: string): void {
  Deno.stderr.writeSync(new TextEncoder().encode(`${line}\n`));
}

if (import.meta.main) Deno.exit(await main(Deno.args));
