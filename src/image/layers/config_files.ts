import { bytesOf, type ByteString, byteStringFromText } from "../../bytes/mod.ts";
import { EnrootError, logWarning } from "../../diagnostics/mod.ts";
import { formatVerbatim, isVerbatimVariable } from "../../formats/environment/mod.ts";
import type { RunConfig } from "../../formats/oci/mod.ts";
import {
  type Directory,
  emptyDirectory,
  type FileStore,
  FollowedNames,
  resolveDirectory,
  splitPath,
  TreeError,
  TreeLayer,
} from "../../fstree/mod.ts";
import { rcScript } from "./rc_script.ts";

/** What the files are made from. */
export interface ConfigFilesOptions<Content> {
  run: RunConfig;
  /** See `ImageSource.provenance`. */
  provenance: string;
  /** Takes the text of the files. */
  store: FileStore<Content>;
  /** Their time, in seconds since the epoch. */
  mtime: number;
}

const RC_LOCAL = `# This file is sourced by /etc/rc when the container starts.
# It can be used to change the environment, the entrypoint or the command of the container.
`;

/**
 * Adds the files that make a root filesystem start as its image wants it: `/etc/rc`, `/etc/rc.local`,
 * `/etc/environment`, `/etc/fstab`, and the working directory.
 *
 * They replace what the image has by these names: to begin with, `/etc/rc` and `/etc/fstab` of a
 * distribution are made for machines that boot.
 *
 * @throws {EnrootError} when the image has no place for them
 */
export function addConfigFiles<Content>(
  root: Directory<Content>,
  { run, provenance, store, mtime }: ConfigFilesOptions<Content>,
): void {
  const layer = new TreeLayer(root);
  const files = [
    { name: "rc", text: byteStringFromText(rcScript(run, provenance)) },
    { name: "rc.local", text: RC_LOCAL },
    { name: "environment", text: environmentFile(run.env) },
    { name: "fstab", text: volumesFstab(root, run.volumes) },
  ];
  for (const { name, text } of files) {
    store.beginFile(text.length);
    store.write(bytesOf(text));
    const attributes = { mode: 0o644, uid: 0, gid: 0, mtime, xattrs: null };
    const file = { ...attributes, size: text.length, content: store.endFile() };
    try {
      // What the image has in the place of the directory is its own to keep.
      resolveDirectory(root, ["etc"]);
      layer.add(["etc", name], { kind: "file", ...file });
    } catch (cause) {
      if (!(cause instanceof TreeError)) throw cause;
      throw new EnrootError(`Cannot write /etc/${name}: ${cause.message}`, { cause });
    }
  }
  makeWorkingDirectory(root, { path: run.workingDir, mtime });
}

function makeWorkingDirectory<Content>(
  root: Directory<Content>,
  { path, mtime }: { path: string; mtime: number },
): void {
  try {
    resolveDirectory(root, splitPath(byteStringFromText(path)), {
      missing(parent, name) {
        const made = emptyDirectory<Content>({ mtime });
        parent.children.set(name, made);
        return made;
      },
    });
  } catch (error) {
    if (!(error instanceof TreeError)) throw error;
    // Commands that change the directory themselves will still run.
    logWarning(`Cannot create the image's working directory ${path}: ${error.message}`);
  }
}

/** An environment file that gives each variable as the image has it. */
function environmentFile(env: readonly string[]): ByteString {
  const variables = env.map(byteStringFromText).filter((variable, index) => {
    if (isVerbatimVariable(variable)) return true;
    logWarning(`Ignoring the image's variable ${excerpt(env[index] ?? "")}: not NAME=VALUE`);
    return false;
  });
  return formatVerbatim(variables);
}

/** A text that may be of any length, for a message. */
function excerpt(text: string): string {
  return text.length <= 100 ? text : `${text.slice(0, 100)}...`;
}

/** An fstab(5) that keeps each volume writable in a read-only container. */
function volumesFstab<Content>(root: Directory<Content>, volumes: readonly string[]): ByteString {
  let text = "";
  const followed = new FollowedNames();
  for (const volume of volumes) {
    followed.addPath();
    try {
      const names = splitPath(byteStringFromText(volume));
      // The source is a path on the host, where symbolic links of the image would lead elsewhere.
      const missing = () => emptyDirectory<Content>({ mtime: 0 });
      const source = resolveDirectory(root, names, { missing, followed })?.names ?? [];
      if (source.length === 0) throw new TreeError("is the root directory");
      const [from, to] = [fstabField(source), fstabField(names)];
      text += `\${ENROOT_ROOTFS}${from} ${to} none x-create=dir,bind,rw,nosuid,nodev\n`;
    } catch (error) {
      if (!(error instanceof TreeError)) throw error;
      logWarning(`Ignoring the image's volume ${excerpt(volume)}: ${error.message}`);
    }
  }
  return text;
}

/** An absolute path as a field of fstab(5). A `$` would be taken for that of a variable. */
function fstabField(names: readonly ByteString[]): ByteString {
  return `/${names.join("/")}`.replace(
    /[ \t\n\v\f\r\\$]/g,
    (character) => `\\${character.charCodeAt(0).toString(8).padStart(3, "0")}`,
  );
}
