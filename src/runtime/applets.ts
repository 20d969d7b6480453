import { EnrootError, logError, messageOf } from "../diagnostics/mod.ts";
import type { HookLibrary } from "./hook/hook.ts";
import type { ServerTask } from "./image/server/server_arguments.ts";

/**
 * The applets of the program besides its commands, by the name it was called by (`argv[0]`): the
 * later processes of a start, and the helpers for third-party hooks.
 *
 * @param options.hooks loads the hooks that come with the program, where they are needed
 * @returns the exit code; null for any other name
 */
export async function runApplet(
  name: string,
  options: { args: readonly string[]; hooks: () => Promise<HookLibrary> },
): Promise<number | null> {
  try {
    return await play(name, options);
  } catch (error) {
    logError(messageOf(error));
    return 1;
  }
}

async function play(
  name: string,
  { args, hooks }: { args: readonly string[]; hooks: () => Promise<HookLibrary> },
): Promise<number | null> {
  switch (name) {
    case "enroot-runtime":
      return (await import("./start/container_init.ts")).runContainerInit(
        args.map(descriptorOf),
        await hooks(),
      );
    case "enroot-supervisor":
      return await (await import("./process/supervisor.ts")).runSupervisor(
        descriptorOf(args[0]),
        args[1] === undefined ? null : descriptorOf(args[1]),
      );
    case "enroot-image-server": {
      const { serveImage } = await import("./image/server/serve_image.ts");
      const task = await serverTask(args);
      return task === null ? 1 : serveImage(task);
    }
    case "enroot-mount":
      return (await import("./tools/mount_tool.ts")).runMountTool(args);
    case "enroot-nsenter":
      return (await import("./tools/nsenter_tool.ts")).runNsenterTool(args);
    case "enroot-switchroot":
      return (await import("./tools/switchroot_tool.ts")).runSwitchrootTool(args);
    default:
      return null;
  }
}

/** What an image server is to do: a lone argument is the socket that tells it. */
async function serverTask(args: readonly string[]): Promise<ServerTask | null> {
  const descriptors = args.map(descriptorOf); // Numbers, all of them.
  if (args.length > 1) {
    return (await import("./image/server/server_arguments.ts")).parseServerArguments(args);
  }
  return (await import("./image/server/server_task.ts")).receiveServerTask(descriptors[0] ?? -1);
}

/** A descriptor that an earlier process of the program left. @throws {EnrootError} */
function descriptorOf(argument = ""): number {
  if (/^[0-9]{1,10}$/.test(argument)) return Number(argument);
  throw new EnrootError(`Invalid argument: ${argument}`);
}
