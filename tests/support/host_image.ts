/**
 * A small image made of this machine's own programs, for tests and the demonstration: nothing has to
 * be downloaded.
 */
import { basename, dirname } from "node:path";
import { byteStringFromText } from "../../src/bytes/mod.ts";
import { tarArchive, type TarMember } from "./tar_archive.ts";

/** An image's parts, not yet in any registry's form. */
export interface HostImage {
  /** Uncompressed tar archives, lowest first. */
  layers: Uint8Array<ArrayBuffer>[];
  config: {
    Env: string[];
    Cmd: string[];
    WorkingDir: string;
    Labels: Record<string, string>;
  };
}

/** Without these there is nothing to show. */
const NEEDED = ["sh", "cat", "env", "id", "ls"];
const WELCOME = [
  "chmod",
  "chown",
  "cp",
  "dd",
  "df",
  "grep",
  "head",
  "hostname",
  "kill",
  "ln",
  "mkdir",
  "mount",
  "mv",
  "ps",
  "pwd",
  "readlink",
  "rm",
  "stty",
  "rmdir",
  "sed",
  "sleep",
  "sort",
  "stat",
  "tail",
  "touch",
  "true",
  "tty",
  "uname",
  "wc",
];
const SEARCH = ["/bin", "/usr/bin", "/sbin", "/usr/sbin", "/usr/local/bin"];

/**
 * Makes the image: one layer with a shell and a few tools, and one on top that adds, changes and
 * deletes a file.
 *
 * @throws Error if this machine lacks a tool that is needed.
 */
export function hostImage(): HostImage {
  const base = new LayerBuilder();
  for (const name of [...NEEDED, ...WELCOME]) {
    const path = findProgram(name);
    if (path !== undefined) base.program(path);
    else if (NEEDED.includes(name)) throw new Error(`this machine has no ${name}`);
  }
  base.file("etc/passwd", "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\n");
  base.file("etc/group", "root:x:0:\nnogroup:x:65534:\n");
  base.file("etc/os-release", 'ID=host\nPRETTY_NAME="Programs of the host"\n');
  base.file("etc/motd", "overwritten by the layer above\n");
  base.file("etc/unwanted", "deleted by the layer above\n");
  for (const path of ["dev", "home", "proc", "root", "run", "sys", "tmp", "var"]) {
    base.directory(path);
  }
  const top = new LayerBuilder();
  top.file("etc/motd", "Hello from inside the image!\n");
  top.file("etc/.wh.unwanted", "");
  top.file("srv/readme", "The working directory of this image.\n");
  return {
    layers: [base.archive(), top.archive()],
    config: {
      Env: ["PATH=/bin", "GREETING=hello"],
      Cmd: ["sh", "-c", "cat /etc/motd"],
      WorkingDir: "/srv",
      Labels: { "org.opencontainers.image.title": "host programs" },
    },
  };
}

function findProgram(name: string): string | undefined {
  return SEARCH.map((directory) => `${directory}/${name}`).find((path) => {
    try {
      return isElf(Deno.readFileSync(path));
    } catch {
      return false;
    }
  });
}

/** Collects the members of a layer, each directory before what is in it. */
class LayerBuilder {
  readonly #members = new Map<string, TarMember>();

  directory(path: string): void {
    const key = `${path}/`;
    if (path === "." || this.#members.has(key)) return;
    this.directory(dirname(path));
    this.#members.set(key, { path: byteStringFromText(key) });
  }

  file(path: string, data: string | Uint8Array, mode = 0o644): void {
    if (this.#members.has(path)) return;
    this.directory(dirname(path));
    this.#members.set(path, { path: byteStringFromText(path), data, mode });
  }

  /** Adds a program as /bin/NAME, with its interpreter and libraries where it looks for them. */
  program(path: string): void {
    const content = Deno.readFileSync(path);
    this.file(`bin/${basename(path)}`, content, 0o755);
    const interpreter = interpreterOf(content);
    if (interpreter === undefined) return;
    for (const needed of [interpreter, ...librariesOf(path, interpreter)]) {
      this.file(needed.slice(1), Deno.readFileSync(needed), 0o755);
    }
  }

  archive(): Uint8Array<ArrayBuffer> {
    return tarArchive([...this.#members.values()]);
  }
}

function isElf(content: Uint8Array): boolean {
  return [0x7f, 0x45, 0x4c, 0x46].every((byte, at) => content[at] === byte);
}

/** The program interpreter (PT_INTERP, elf(5)) of a 64-bit little-endian program; none if static. */
function interpreterOf(content: Uint8Array<ArrayBuffer>): string | undefined {
  const view = new DataView(content.buffer, content.byteOffset, content.byteLength);
  const headers = Number(view.getBigUint64(32, true));
  const [size, count] = [view.getUint16(54, true), view.getUint16(56, true)];
  for (let at = headers; at < headers + size * count; at += size) {
    const PT_INTERP = 3;
    if (view.getUint32(at, true) !== PT_INTERP) continue;
    const offset = Number(view.getBigUint64(at + 8, true));
    const length = Number(view.getBigUint64(at + 32, true));
    return new TextDecoder().decode(content.subarray(offset, offset + length - 1));
  }
  return undefined;
}

/** What the dynamic loader would load, as it says itself (glibc's and musl's both do). */
function librariesOf(program: string, interpreter: string): string[] {
  const { success, stdout } = new Deno.Command(interpreter, {
    args: ["--list", program],
    stderr: "null",
  }).outputSync();
  if (!success) throw new Error(`${interpreter} --list ${program} failed`);
  return [...new TextDecoder().decode(stdout).matchAll(/=> (\/\S+) \(/g)]
    .map(([, path = ""]) => path);
}
