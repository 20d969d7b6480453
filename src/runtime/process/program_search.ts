import type { ByteString } from "../../bytes/mod.ts";
import { isExecutable } from "../../linux/mod.ts";

/** Where a program is, looked for in the directories of a PATH; undefined when it is nowhere. */
export function findProgram(name: ByteString, path: ByteString): ByteString | undefined {
  if (name.includes("/")) return name;
  return path.split(":").map((directory) => `${directory || "."}/${name}`).find(isExecutable);
}
