import * as commands from "../commands/mod.ts";
import { EnrootError, writeStdout } from "../diagnostics/mod.ts";
import type { Command } from "./command.ts";
import { refuseOtherBytesInSettings } from "./not_utf8.ts";
import { commandUsage, generalUsage } from "./usage.ts";

type Surroundings = Omit<commands.Context, "settings">;

/** Carries a command out; its code becomes the program's. */
export async function runCommand(command: Command, surroundings: Surroundings): Promise<number> {
  const context = () => contextOf(command, surroundings);
  switch (command.verb) {
    case "help":
      writeStdout(command.command === undefined ? generalUsage() : commandUsage(command.command));
      return 0;
    case "batch":
      return await commands.batch(command, await context());
    case "check":
      return await commands.check(await context());
    case "cache":
      return await commands.cache(command, await context());
    case "create":
      return await commands.create(command, await context());
    case "digest":
      return await commands.digest(command, await context());
    case "exec":
      return await commands.exec(command, context);
    case "export":
      return await commands.exportContainer(command, await context());
    case "import":
      return await commands.importImage(command, await context());
    case "info":
      return await commands.info(await context());
    case "list":
      return await commands.list(command, await context());
    case "load":
      return await commands.load(command, await context());
    case "remove":
      return await commands.remove(command, await context());
    case "start":
      return await commands.start(command, await context());
    case "version":
      return await commands.version();
    case "bundle":
      throw new EnrootError(`Not available yet: enroot ${command.verb}`);
  }
}

async function contextOf(
  command: Command,
  surroundings: Surroundings,
): Promise<commands.Context> {
  const { loadSettings } = await import("../config/mod.ts");
  refuseOtherBytesInSettings();
  const settings = loadSettings({
    environment: surroundings.environment,
    options: settingsOf(command),
    ...("conf" in command && command.conf !== undefined ? { script: command.conf } : {}),
  });
  return { ...surroundings, settings };
}

/** The options that are short for a setting, as that setting. */
function settingsOf(command: Command): Record<string, string> {
  const settings: Record<string, string> = {};
  const set = (name: string, given: boolean) => {
    if (given) settings[name] = "yes";
  };
  if ("force" in command) set("ENROOT_FORCE_OVERRIDE", command.force);
  if (command.verb === "bundle") {
    set("ENROOT_BUNDLE_ALL", command.all);
    set("ENROOT_BUNDLE_CHECKSUM", command.checksum);
  }
  if (command.verb === "start") {
    set("ENROOT_REMAP_ROOT", command.root);
    set("ENROOT_ROOTFS_WRITABLE", command.rw);
    set("ENROOT_UNSHARE_PID", command.pid);
    set("ENROOT_UNSHARE_NET", command.net);
    set("ENROOT_UNSHARE_IPC", command.ipc);
    set("ENROOT_UNSHARE_UTS", command.uts);
  }
  return settings;
}
