/**
 * Checks the architecture: which room (directory of `src`) may import which, through its door
 * `mod.ts` only, without cycles; and which globals belong to one room alone.
 *
 *     deno run --allow-read scripts/check_rooms.ts
 */
import { dirname, join, normalize, relative } from "node:path";
import { fileURLToPath } from "node:url";

/** Rooms that every other room may import. */
const OPEN_TO_ALL = ["diagnostics", "bytes"];

/** For each room, the rooms it may import. A room that is not listed may not exist. */
export const ARROWS: Readonly<Record<string, readonly string[]>> = {
  main: ["cli", "hooks"],
  cli: ["commands", "config"],
  commands: ["bundle", "config", "image", "rootfs", "runtime", "store"],
  hooks: [],
  bundle: ["store"],
  image: [
    "formats/compress",
    "formats/environment",
    "formats/oci",
    "formats/squashfs",
    "formats/tar",
    "fstree",
    "registry",
    "rootfs",
    "store",
  ],
  runtime: ["formats/environment", "formats/fuse", "linux"],
  rootfs: ["fstree", "linux"],
  registry: ["formats/oci", "linux"],
  store: ["formats/oci", "linux"],
  config: [],
  fstree: [],
  "formats/compress": [],
  "formats/environment": [],
  "formats/fuse": [],
  "formats/oci": [],
  "formats/squashfs": ["formats/compress", "fstree"],
  "formats/tar": [],
  linux: [],
  diagnostics: [],
  bytes: [],
};

/**
 * Rooms within a room: which of the same room each may import, any file of it. What lies in the room
 * itself (its door and entry points) may import all of them.
 */
export const SUB_ROOMS: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  runtime: {
    plan: [],
    process: ["plan"],
    root: ["plan"],
    hook: ["plan", "process", "root"],
    command: ["plan", "process", "root"],
    image: ["plan", "process", "root"],
    start: ["command", "hook", "image", "plan", "process", "root"],
    running: ["plan", "process"],
    tools: ["command", "plan", "process", "root", "running"],
    check: ["process"],
  },
  image: { source: [], layers: ["source"], write: ["layers", "source"] },
  rootfs: {
    shared: [],
    extract: ["shared"],
    place: ["shared"],
    scan: ["shared"],
  },
  registry: { http: [], credentials: ["http"] },
  linux: {
    call: [],
    file: ["call"],
    table: ["call", "file"],
    kernel: ["call", "file", "table"],
    clone: ["call", "file", "kernel", "table"],
  },
};

const SQUASHFS_READER = "src/formats/squashfs/reader/mod.ts";

/** Files other than `mod.ts` that one room may import from another. */
export const SIDE_DOORS: Readonly<Record<string, readonly string[]>> = {
  // The later stages of `start` must not load more than they need.
  // So is undone what the runtime and its first stage did.
  main: [
    "src/runtime/applets.ts",
    "src/linux/first_stage.ts",
    "src/linux/file/terminal.ts",
    "src/linux/worker_start.ts",
  ],
  // Hooks see the interface made for them and nothing else of the runtime.
  hooks: ["src/runtime/hook/hook.ts"],
  // An image gets ready while the rest of a start is loaded, which needs no cache of blobs.
  commands: [
    "src/runtime/image/early_image.ts",
    "src/runtime/process/program.ts",
    "src/store/containers.ts",
  ],
  // A room that only reads images, or blocks, need not load what writes them.
  runtime: [SQUASHFS_READER],
  rootfs: [SQUASHFS_READER],
  "formats/squashfs": ["src/formats/compress/decompress_block.ts"],
};

/** Globals that only some rooms may touch; rooms are named by prefix. */
const GLOBALS: readonly { pattern: RegExp; what: string; only: readonly string[] }[] = [
  { pattern: /\bDeno\.dlopen\b|\bDeno\.Unsafe\w+/, what: "foreign functions", only: ["linux"] },
  { pattern: /\bDeno\.exit\b/, what: "Deno.exit", only: ["main"] },
  {
    pattern: /\bDeno\.(?:env|args)\b/,
    what: "Deno.env and Deno.args",
    only: ["main", "cli", "config"],
  },
  { pattern: /\bconsole\./, what: "console", only: [] },
  { pattern: /(?<![.\w])fetch\(/, what: "fetch", only: ["registry"] },
];

/** A source file: its path from the top of the repository, and its text. */
export interface SourceFile {
  path: string;
  text: string;
}

/** Everything that is wrong with the imports and globals of these files; empty if nothing is. */
export function checkRooms(files: readonly SourceFile[]): string[] {
  const faults: string[] = [];
  const edges = new Map<string, string[]>();
  for (const file of files) {
    const code = withoutComments(file.text);
    const imports = importsOf(code).filter(({ specifier }) => specifier.startsWith("."));
    for (const { specifier } of imports) {
      const fault = faultOfImport(file.path, normalize(join(dirname(file.path), specifier)));
      if (fault !== undefined) faults.push(fault);
    }
    edges.set(
      file.path,
      imports.filter((each) => each.eager)
        .map(({ specifier }) => normalize(join(dirname(file.path), specifier))),
    );
    faults.push(...faultsOfGlobals(file.path, code));
  }
  const cycle = findCycle(edges);
  if (cycle !== undefined) {
    faults.push(`${cycle.join(" → ")}: a cycle; move what both ends need into a file of its own`);
  }
  return faults;
}

/** The room a file belongs to, as `ARROWS` names it. */
export function roomOf(path: string): string {
  const parts = path.split("/");
  if (parts[0] !== "src") return parts[0] === "main.ts" ? "main" : parts[0] ?? "";
  return parts[1] === "formats" ? `formats/${parts[2]}` : parts[1] ?? "";
}

function faultOfImport(from: string, to: string): string | undefined {
  const [source, target] = [roomOf(from), roomOf(to)];
  if (source === target) return faultInside(source, from, to);
  const allowed = ARROWS[source];
  if (allowed === undefined) {
    return `${from}: the room ${source} is unknown; give it a row in ARROWS (scripts/check_rooms.ts)`;
  }
  if (SIDE_DOORS[source]?.includes(to)) return undefined;
  if (!allowed.includes(target) && !OPEN_TO_ALL.includes(target)) {
    return `${from} imports ${to}: ${source} may import only ` +
      `${[...allowed, ...OPEN_TO_ALL].join(", ")}. Let a room above both join them.`;
  }
  if (!to.endsWith("/mod.ts")) {
    return `${from} imports ${to}: the inside of another room; export it from its mod.ts`;
  }
  return undefined;
}

function faultInside(room: string, from: string, to: string): string | undefined {
  const rooms = SUB_ROOMS[room];
  if (rooms === undefined) return undefined;
  const [source, target] = [from, to].map((path) => {
    const parts = path.split("/");
    return parts.length > 3 ? parts[2] : undefined;
  });
  if (source === undefined || source === target) return undefined;
  const allowed = rooms[source];
  if (allowed === undefined) {
    return `${from}: the room ${room}/${source} is unknown; give it a row in SUB_ROOMS (scripts/check_rooms.ts)`;
  }
  if (target !== undefined && allowed.includes(target)) return undefined;
  return `${from} imports ${to}: of ${room}, ${source} may import only ` +
    `${allowed.join(", ") || "nothing"}. Let a room above both join them.`;
}

function faultsOfGlobals(path: string, code: string): string[] {
  const room = roomOf(path);
  const faults = GLOBALS.filter(({ pattern, only }) => pattern.test(code) && !only.includes(room))
    .map(({ what, only }) => `${path} uses ${what}, which ${only.join(" and ") || "nobody"} may`);
  if (room.startsWith("formats/") && /\bDeno\./.test(code)) {
    faults.push(`${path} uses a Deno global: formats turn bytes into values and do nothing else`);
  }
  return faults;
}

interface Import {
  specifier: string;
  /** Whether loading the file loads this one too: not a type, not `await import()`. */
  eager: boolean;
}

function importsOf(code: string): Import[] {
  const imports: Import[] = [];
  for (
    const [, keyword = "", specifier = ""] of code.matchAll(
      /^(?:import|export)(\s+type\b)?\s[^;"]*?"([^"]+)"/gm,
    )
  ) {
    imports.push({ specifier, eager: keyword === "" });
  }
  for (const [, specifier = ""] of code.matchAll(/\bimport\(\s*"([^"]+)"/g)) {
    imports.push({ specifier, eager: false });
  }
  return imports;
}

/** Comments that begin a line; others do not hold imports. */
function withoutComments(text: string): string {
  return text.replace(/^\s*\/\*[\s\S]*?\*\//gm, "").replace(/^\s*\/\/.*$/gm, "");
}

function findCycle(edges: ReadonlyMap<string, readonly string[]>): string[] | undefined {
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (file: string): string[] | undefined => {
    const at = path.indexOf(file);
    if (at !== -1) return [...path.slice(at), file];
    if (done.has(file)) return undefined;
    path.push(file);
    for (const next of edges.get(file) ?? []) {
      const cycle = visit(next);
      if (cycle !== undefined) return cycle;
    }
    path.pop();
    done.add(file);
    return undefined;
  };
  for (const file of edges.keys()) {
    const cycle = visit(file);
    if (cycle !== undefined) return cycle;
  }
  return undefined;
}

/** Tests, and what only they use: samples, directories named testing. */
const TEST_SUPPORT = /_test\.ts$|\/test_[^/]*\.ts$|\/testing\//;

/** The program's own files: tests may import what they like. */
export function readSources(repository: string): SourceFile[] {
  const files: SourceFile[] = [];
  const visit = (path: string) => {
    for (const entry of Deno.readDirSync(path)) {
      const inner = join(path, entry.name);
      if (entry.isDirectory) visit(inner);
      else if (inner.endsWith(".ts") && !TEST_SUPPORT.test(inner)) add(inner);
    }
  };
  const add = (path: string) =>
    files.push({ path: relative(repository, path), text: Deno.readTextFileSync(path) });
  add(join(repository, "main.ts"));
  for (const directory of ["src", "hooks"]) {
    try {
      visit(join(repository, directory));
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  return files.sort((a, b) => a.path < b.path ? -1 : 1);
}

if (import.meta.main) {
  const faults = checkRooms(readSources(fileURLToPath(new URL("../", import.meta.url))));
  for (const fault of faults) Deno.stderr.writeSync(new TextEncoder().encode(`${fault}\n`));
  if (faults.length > 0) Deno.exit(1);
}
