/**
 * Runs the program as its users do: as an unprivileged user with a home directory of its own.
 *
 * The program is this source tree, or the executable that `ENROOT_TEST_BINARY` names. Tests that run
 * as root hand the program to the uid `ENROOT_TEST_UID` (1001 if unset); others keep their own.
 */
import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { type Kernel, onKernel } from "./old_kernel.ts";
import { writeExecutable } from "./syscall_program.ts";
import { removeTree } from "./temp.ts";

const REPOSITORY = fileURLToPath(new URL("../../", import.meta.url));
const BINARY = Deno.env.get("ENROOT_TEST_BINARY");
/** A directory in which the program is staged, for many files of tests; each makes its own if unset. */
const STAGE = Deno.env.get("ENROOT_TEST_STAGE");
const PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** The uid (and gid) that the program runs as. */
export const TEST_UID: number = Deno.uid() === 0
  ? Number(Deno.env.get("ENROOT_TEST_UID") ?? 1001)
  : Deno.uid() ?? 1001;
const TEST_GID = Deno.uid() === 0 ? TEST_UID : Deno.gid() ?? 1001;

/** The uid (and gid) of another ordinary user of the same machine: only root can act as that one. */
export const NEIGHBOUR_UID: number = Number(Deno.env.get("ENROOT_TEST_NEIGHBOUR_UID") ?? 1002);

/**
 * A user's directories: `path` itself is the home directory; `sysconf` takes the place of
 * /etc/enroot, so that a test does not see this machine's configuration.
 */
export interface TestHome extends Disposable {
  readonly path: string;
  readonly sysconf: string;
  readonly data: string;
  readonly cache: string;
  /** What the program's environment is when a test adds nothing. */
  readonly env: Record<string, string>;
}

/**
 * Makes a home directory owned by the test user, or by whoever runs the tests; it is removed when
 * disposed.
 */
export function makeHome(options: Pick<RunOptions, "asCaller" | "uid"> = {}): TestHome {
  const path = Deno.makeTempDirSync({ prefix: "enroot-test-" });
  const give = (path: string) => {
    const { uid = TEST_UID } = options;
    if (Deno.uid() === 0) Deno.chownSync(path, uid, uid === TEST_UID ? TEST_GID : uid);
  };
  const directory = (name: string) => {
    const made = join(path, name);
    Deno.mkdirSync(made, { mode: 0o700, recursive: true });
    if (options.asCaller !== true) give(made);
    return made;
  };
  if (options.asCaller !== true) give(path);
  const env = {
    PATH,
    HOME: path,
    TMPDIR: directory("tmp"),
    XDG_RUNTIME_DIR: directory("run"),
    XDG_CONFIG_HOME: directory("config"),
    XDG_CACHE_HOME: directory("cache"),
    XDG_DATA_HOME: directory("data"),
    ENROOT_SYSCONF_PATH: directory("sysconf"),
  };
  return {
    path,
    sysconf: env.ENROOT_SYSCONF_PATH,
    data: join(env.XDG_DATA_HOME, "enroot"),
    cache: join(env.XDG_CACHE_HOME, "enroot"),
    env,
    [Symbol.dispose]: () => removeTree(path),
  };
}

export interface RunOptions {
  /** Whose directories to use; a fresh one for this run alone if absent. */
  home?: TestHome;
  /** Added to the home's environment; `undefined` takes a variable away. */
  env?: Record<string, string | undefined>;
  /** Standard input; nothing (/dev/null) if absent. */
  stdin?: string | Uint8Array;
  /** Working directory; the home directory if absent. */
  cwd?: string;
  /** Run as the caller (root, mostly) rather than as the test user. */
  asCaller?: boolean;
  /** Run as this user (and group) rather than as the test user, where the tests run as root. */
  uid?: number;
  /** The kernel that the program shall believe to run on; this machine's if absent. */
  kernel?: Kernel;
  /** Milliseconds after which the program is killed; two minutes if absent. */
  timeout?: number;
}

export interface RunResult {
  code: number;
  /** The signal the program died of, if it did. */
  signal: Deno.Signal | null;
  stdout: string;
  stderr: string;
}

/** Runs `enroot ARGS...` to its end. */
export async function runEnroot(args: string[], options: RunOptions = {}): Promise<RunResult> {
  if (options.home === undefined) {
    using home = makeHome();
    return await runEnroot(args, { ...options, home });
  }
  const child = enrootCommand(args, { ...options, home: options.home }).spawn();
  if (options.stdin !== undefined) {
    const writer = child.stdin.getWriter();
    const bytes = typeof options.stdin === "string"
      ? new TextEncoder().encode(options.stdin)
      : options.stdin;
    // A program that ends without reading its input is no failure of the test.
    await writer.write(bytes).then(() => writer.close()).catch(() => {});
  }
  const killer = setTimeout(() => child.kill("SIGKILL"), options.timeout ?? 120_000);
  const { code, signal, stdout, stderr } = await child.output();
  clearTimeout(killer);
  const decoder = new TextDecoder();
  return { code, signal, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

/** The command behind `runEnroot`, for tests that need the running process (signals, its PID). */
export function enrootCommand(
  args: string[],
  options: RunOptions & { home: TestHome },
): Deno.Command {
  const program = programFiles();
  const env: Record<string, string> = {};
  for (
    const [name, value] of Object.entries({ ...program.env, ...options.home.env, ...options.env })
  ) {
    if (value !== undefined) env[name] = value;
  }
  const dropped = Deno.uid() === 0 && options.asCaller !== true;
  const { uid = TEST_UID } = options;
  const plain = { command: program.command, args: [...program.args, ...args] };
  const { command, args: words } = options.kernel === undefined ? plain : {
    command: writeProgram(options.home, onKernel(options.kernel, { ...plain, env })),
    args: [],
  };
  return new Deno.Command(command, {
    args: words,
    env,
    clearEnv: true,
    cwd: options.cwd ?? options.home.path,
    stdin: options.stdin === undefined ? "null" : "piped",
    stdout: "piped",
    stderr: "piped",
    ...(dropped ? { uid, gid: uid === TEST_UID ? TEST_GID : uid } : {}),
  });
}

function writeProgram(home: TestHome, bytes: Uint8Array): string {
  const path = Deno.makeTempFileSync({ dir: home.path, prefix: "program-" });
  writeExecutable(path, bytes);
  return path;
}

/** How the program is started: an executable, and what comes before the program's own arguments. */
export interface Program {
  command: string;
  args: string[];
  env: Record<string, string>;
  /** The directories that all of this is in: elsewhere it needs only what every program needs. */
  directories: string[];
}

let staged: Program | undefined;

/** How to start the program, from files that the test user can read. */
export function programFiles(): Program {
  if (staged !== undefined) return staged;
  if (Deno.uid() === 0) return staged = stagedProgram(STAGE ?? makeStage());
  if (BINARY !== undefined) return staged = binaryProgram(resolve(BINARY));
  return staged = sourceProgram({
    deno: Deno.execPath(),
    repository: REPOSITORY,
    cache: Deno.env.get("DENO_DIR") ?? join(Deno.env.get("HOME") ?? "/", ".cache/deno"),
  });
}

function makeStage(): string {
  const stage = Deno.makeTempDirSync({ prefix: "enroot-test-stage-" });
  globalThis.addEventListener("unload", () => removeTree(stage));
  stageProgram(stage);
  return stage;
}

/**
 * Puts the program into a directory where another user can reach it: root's home directory, where
 * Deno and the source may well be, is closed to everyone else.
 */
export function stageProgram(stage: string): void {
  Deno.chmodSync(stage, 0o755);
  if (BINARY !== undefined) return linkFile(resolve(BINARY), join(stage, STAGED.binary));
  linkFile(Deno.execPath(), join(stage, STAGED.deno));
  for (const name of ["main.ts", "deno.json", "src", "hooks", "conf", "scripts"]) {
    copyTree(join(REPOSITORY, name), join(stage, STAGED.repository, name));
  }
  Deno.mkdirSync(join(stage, STAGED.cache));
  Deno.chmodSync(join(stage, STAGED.cache), 0o1777);
}

/** Where in a stage what is. */
const STAGED = {
  binary: "bin/enroot",
  deno: "bin/deno",
  repository: "enroot",
  cache: "cache",
};

function stagedProgram(stage: string): Program {
  if (BINARY !== undefined) return binaryProgram(join(stage, STAGED.binary));
  return sourceProgram({
    deno: join(stage, STAGED.deno),
    repository: join(stage, STAGED.repository),
    cache: join(stage, STAGED.cache),
  });
}

function binaryProgram(command: string): Program {
  return { command, args: [], env: {}, directories: [dirname(command)] };
}

function sourceProgram(places: { deno: string; repository: string; cache: string }): Program {
  const map = Deno.env.get("ENROOT_IMPORT_MAP") ??
    join(REPOSITORY, "scripts/offline/import_map.json");
  const args = ["run", "-q", "-A", "--no-lock"];
  if (map !== "") {
    args.push("--import-map", join(places.repository, "scripts/offline", basename(map)));
  }
  return {
    command: places.deno,
    args: [...args, join(places.repository, "main.ts")],
    env: { DENO_DIR: places.cache, DENO_NO_UPDATE_CHECK: "1", DENO_TLS_CA_STORE: "system,mozilla" },
    directories: [dirname(places.deno), places.repository, places.cache],
  };
}

function linkFile(from: string, to: string): void {
  Deno.mkdirSync(dirname(to), { recursive: true, mode: 0o755 });
  try {
    Deno.linkSync(from, to);
  } catch {
    // Another filesystem.
    Deno.copyFileSync(from, to);
  }
}

function copyTree(from: string, to: string): void {
  let stat: Deno.FileInfo;
  try {
    stat = Deno.statSync(from);
  } catch {
    return;
  }
  Deno.mkdirSync(stat.isDirectory ? to : dirname(to), { recursive: true, mode: 0o755 });
  if (!stat.isDirectory) return Deno.copyFileSync(from, to);
  for (const entry of Deno.readDirSync(from)) {
    copyTree(join(from, entry.name), join(to, entry.name));
  }
}
