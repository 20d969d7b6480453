import { basename } from "@std/path";
import { EnrootError } from "../../diagnostics/mod.ts";

/** A file or directory that holds images, and which of them is meant. */
export interface LocalReference {
  path: string;
  /** Empty when not said. */
  name: string;
}

/**
 * Takes `PATH[:NAME]` apart. Both may have colons in them: the path is as much as names something
 * that exists.
 *
 * @throws {EnrootError} when nothing does
 */
export function parseLocalReference(text: string): LocalReference {
  let path = text;
  for (;;) {
    if (path !== "" && exists(path)) return { path, name: text.slice(path.length + 1) };
    const colon = path.lastIndexOf(":");
    if (colon === -1) break;
    path = path.slice(0, colon);
  }
  throw new EnrootError(`No such file or directory: ${text}`);
}

/** Whether a name asked for is that of an image, which may be recorded with more parts. */
export function namesImage(wanted: string, recorded: string): boolean {
  const tagged = /:[^/]*$/.test(wanted) ? wanted : `${wanted}:latest`;
  return [wanted, tagged].some((name) => recorded === name || recorded.endsWith(`/${name}`));
}

/** What to call the result where the user gives no name. */
export function defaultLocalName({ path, name }: LocalReference): string {
  const file = basename(path).replace(/\.(tar|tgz|tar\.(gz|zst|xz|bz2))$/, "");
  return (name === "" ? file : name).replace(/[/:]/g, "+");
}

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}
