import type { ByteString } from "../../bytes/mod.ts";
import { EnrootError } from "../../diagnostics/mod.ts";
import { parseImageRc } from "../plan/image_rc.ts";
import type { RcScript } from "./rc_script.ts";
import type { ReadableFiles } from "../root/readable_files.ts";

/** A command to execute without a shell. */
export interface DirectCommand {
  /** Where to execute it; null to stay. */
  readonly directory: ByteString | null;
  readonly words: readonly ByteString[];
}

/**
 * What a shell would execute for the command of a container that has no shell: its scripts can be
 * understood if they are those that come with images.
 *
 * @throws {EnrootError} where a shell is needed
 */
export function directCommand(
  args: readonly ByteString[],
  { rc, files }: { rc: RcScript; files: ReadableFiles },
): DirectCommand {
  if (rc.kind === "given") throw noShell("for the command script");
  const text = rc.kind === "image" ? files.read("/etc/rc") : null;
  if (text === null) {
    if (args.length === 0) throw noShell("to start");
    return { directory: null, words: args };
  }
  const script = parseImageRc(text);
  if (script === null) throw noShell("for /etc/rc");
  const { directory, entrypoint, command } = script;
  switch (meaningOf(files.read("/etc/rc.local") ?? "")) {
    case "nothing":
      return { directory, words: [...entrypoint, ...(args.length > 0 ? args : command)] };
    case "skip the entrypoint":
      return { directory, words: args.length > 0 ? args : [...entrypoint, ...command] };
    case "unknown":
      throw noShell("for /etc/rc.local");
  }
}

function meaningOf(rcLocal: ByteString): "nothing" | "skip the entrypoint" | "unknown" {
  const lines = rcLocal.split("\n").filter((line) => !/^\s*(?:#|$)/.test(line));
  if (lines.length === 0) return "nothing";
  return lines.length === 1 && lines[0] === 'exec "$@"' ? "skip the entrypoint" : "unknown";
}

function noShell(purpose: string): EnrootError {
  return new EnrootError(`Cannot find a shell ${purpose}: the root file system has no /bin/sh`);
}
