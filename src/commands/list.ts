import { writeStdout } from "../diagnostics/mod.ts";
import { containerPath, listContainers } from "../store/mod.ts";
import type { Context } from "./context.ts";

export interface ListOptions {
  /** Whether to show what runs in the containers. */
  fancy: boolean;
}

/** Prints the names of the containers, and with `fancy` what runs in them. */
export async function list({ fancy }: ListOptions, { settings }: Context): Promise<number> {
  const names = listContainers(settings.dataPath);
  if (fancy) {
    const { containerProcesses } = await import("../runtime/mod.ts");
    const { containerTable } = await import("./container_table.ts");
    const directories = names.map((name) => containerPath(name, settings.dataPath));
    writeStdout(containerTable(names, await containerProcesses(directories)));
  } else {
    writeStdout(names.map((name) => `${name}\n`).join(""));
  }
  return 0;
}
