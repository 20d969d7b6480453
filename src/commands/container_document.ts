import { replaceUnprintable } from "../diagnostics/mod.ts";
import type { ContainerProcess } from "../runtime/mod.ts";

/**
 * What `list --json` prints: an array of containers, those on disk by name, then images that run,
 * then what is neither (other users' containers, for the superuser). A container that does not run
 * has no processes; one that runs several times has several, one for each mount namespace.
 */
export function containerDocument(
  containers: readonly { name: string; path: string }[],
  processes: readonly ContainerProcess[],
): string {
  const images = new Set<string>();
  for (const { root } of processes) if (root?.kind === "image") images.add(root.path);
  const running = (path: string | null) =>
    processes.filter(({ root }) => (root?.path ?? null) === path).map(processFields);
  const unknown = running(null);
  const document = JSON.stringify(
    [
      ...containers.map(({ name, path }) => ({
        ...{ name, rootfs: path, image: null },
        processes: running(path),
      })),
      ...[...images].sort().map((image) => ({
        ...{ name: null, rootfs: null, image },
        processes: running(image),
      })),
      ...(unknown.length === 0
        ? []
        : [{ name: null, rootfs: null, image: null, processes: unknown }]),
    ],
    undefined,
    2,
  );
  // Terminals obey more than JSON has to escape.
  return replaceUnprintable(
    document,
    (character) => character === "\n" ? "\n" : unicode(character),
  ) +
    "\n";
}

/** A character as JSON escapes it, in one or two units of UTF-16. */
function unicode(character: string): string {
  return character.split("")
    .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)
    .join("");
}

function processFields(process: ContainerProcess) {
  const { pid, comm, state, started, mountNamespace, userNamespace, command } = process;
  return {
    ...{ pid, comm, state },
    started: started.toISOString(),
    mntns: Number(mountNamespace),
    userns: Number(userNamespace),
    command,
  };
}
