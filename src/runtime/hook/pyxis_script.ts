import { type ByteString, byteStringFromText } from "../../bytes/mod.ts";
import type { ConfigurationScript } from "./configuration_script.ts";
import type { ReadonlyEnvironment } from "../plan/environ.ts";
import { hostFiles } from "../root/rootfs_files.ts";
import type { RootFiles } from "../root/readable_files.ts";

/** What Slurm's pyxis plugin says in the configuration scripts that it writes. */
export interface PyxisScript {
  /** Lines that `mounts()` prints. */
  readonly mounts: readonly ByteString[];
  /** Variables of the host that `environ()` passes on. */
  readonly variables: readonly ByteString[];
  /** Whether `hooks()` makes the container run its command instead of its entry point. */
  readonly skipsEntrypoint: boolean;
}

const ECHO = /^\techo "([^"$`\\]*(?:\\[0-7]{3}[^"$`\\]*)*)"$/;
const PASS_ON = /^\t\[ -n "\$\{([A-Za-z_][A-Za-z0-9_]*)-\}" \] && echo "\1=\$\{\1\}" \|\| :$/;
const SKIP_ENTRYPOINT = `\techo 'exec "$@"' > \${ENROOT_ROOTFS}/etc/rc.local`;
const RC_LOCAL = 'exec "$@"\n';

/** Reads a script of the host; null if it is another one, or can be read only once: by a shell. */
export function readPyxisScript(path: string): PyxisScript | null {
  const text = hostFiles().read(byteStringFromText(path));
  return text === null ? null : parsePyxisScript(text);
}

/**
 * Recognises a script made of nothing but the three functions that pyxis generates, each at most
 * once: they need no shell. Null for any other script.
 */
export function parsePyxisScript(text: ByteString): PyxisScript | null {
  const mounts: ByteString[] = [];
  const variables: ByteString[] = [];
  const seen = new Set<string>();
  const lines = text.split("\n");
  for (let index = 0; index < lines.length; index++) {
    const line = lines[index] ?? "";
    if (line === "") continue;
    if (seen.has(line)) return null;
    seen.add(line);
    const end = lines.indexOf("}", index);
    if (end < 0) return null;
    const body = lines.slice(index + 1, end);
    if (body.length === 0) return null;
    if (line === "mounts() {") {
      if (!collect(body, ECHO, mounts)) return null;
    } else if (line === "environ() {") {
      if (!collect(body, PASS_ON, variables)) return null;
    } else if (line !== "hooks() {" || body.length !== 1 || body[0] !== SKIP_ENTRYPOINT) {
      return null;
    }
    index = end;
  }
  return { mounts, variables, skipsEntrypoint: seen.has("hooks() {") };
}

/** Does what bash would do with the script. */
export function evaluatePyxisScript(
  script: PyxisScript,
  { host, files }: { host: ReadonlyEnvironment; files: RootFiles },
): ConfigurationScript {
  return {
    environ: () =>
      script.variables.flatMap((name) => {
        const value = host.get(name) ?? "";
        return value === "" ? [] : [`${name}=${value}\n`];
      }).join(""),
    hooks() {
      if (script.skipsEntrypoint) files.replace("/etc/rc.local", RC_LOCAL, 0o644);
    },
    mounts: () => script.mounts.map((line) => `${line}\n`).join(""),
    rc: () => null,
    [Symbol.dispose]: () => {},
  };
}

function collect(lines: string[], pattern: RegExp, into: ByteString[]): boolean {
  for (const line of lines) {
    const found = pattern.exec(line)?.[1];
    if (found === undefined) return false;
    into.push(found);
  }
  return true;
}
