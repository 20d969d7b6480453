import { writeStdout } from "../diagnostics/mod.ts";
import { containerPath, listContainers } from "../store/containers.ts";
import type { Context } from "./context.ts";

export interface ListOptions {
  /** Whether to show what runs in the containers, too. */
  fancy: boolean;
  /** Whether to print all that is known as JSON, for programs. */
  json: boolean;
}

/** Prints the names of the containers, and if asked what runs in them. */
export async function list({ fancy, json }: ListOptions, { settings }: Context): Promise<number> {
  const names = listContainers(settings.dataPath);
  if (!fancy && !json) {
    writeStdout(names.map((name) => `${name}\n`).join(""));
    return 0;
  }
  const { containerProcesses } = await import("../runtime/mod.ts");
  const containers = names.map((name) => ({ name, path: containerPath(name, settings.dataPath) }));
  const processes = await containerProcesses(containers.map(({ path }) => path));
  if (json) {
    const { containerDocument } = await import("./container_document.ts");
    writeStdout(containerDocument(containers, processes));
  } else {
    const { containerTable } = await import("./container_table.ts");
    writeStdout(containerTable(names, processes));
  }
  return 0;
}
