import { byteString, byteStringFromText } from "../../bytes/mod.ts";
import { EnrootError, logError, messageOf, writeStdout } from "../../diagnostics/mod.ts";
import { execSyscallTable, resetSignals } from "../../linux/mod.ts";
import { containerCommand } from "../command/container_command.ts";
import { exchangeRoot } from "../root/pivot.ts";
import { privilegeRows } from "../process/privileges.ts";
import { inheritedScript, type RcScript } from "../command/rc_script.ts";
import { reportStyle } from "../process/report_style.ts";
import { step } from "../process/step.ts";
import { openProcess } from "../running/target_process.ts";
import { readToolArguments } from "./tool_arguments.ts";
import { toolEnvironment } from "./tool_environment.ts";

const USAGE = "Usage: enroot-switchroot [--norc] [--login] [--rcfile FILE] [--envfile FILE] " +
  "ROOTFS [COMMAND] [ARG...]\n";

/**
 * `enroot-switchroot`: makes a mount point the root of this mount namespace, drops privileges and
 * runs a command in there as `start` does, in this process's place.
 *
 * @returns the exit code, if there is no command to run or it cannot be run
 */
export function runSwitchrootTool(args: readonly string[]): number {
  try {
    const { options, operands } = readToolArguments(args, {
      switches: ["norc", "login"],
      values: ["rcfile", "envfile"],
    });
    const [rootfs, ...command] = operands.map(byteStringFromText);
    if (rootfs === undefined) {
      writeStdout(USAGE);
      return 0;
    }
    const environment = toolEnvironment(options.get("envfile"));
    const rc = options.has("norc") ? { kind: "none" } as const : rcScript(options.get("rcfile"));
    const self = openProcess(Deno.pid);
    const [user, group] = [self.idMap("uid_map"), self.idMap("gid_map")];
    const identity = {
      ...{ hostUid: user.outside, hostGid: group.outside },
      ...{ uid: user.inside, gid: group.inside },
    };
    const privileges = privilegeRows({
      namespaces: { user: false },
      identity: { uid: Deno.uid() ?? 0 },
    });
    step("switch the root file system", () => exchangeRoot(rootfs));
    const plan = {
      identity,
      loginShell: options.has("login"),
      command: { rc: null, arguments: command },
    };
    const started = containerCommand(plan, { environment, rc });
    if (started === null) return 0;
    resetSignals();
    execSyscallTable([...privileges, ...started.rows], reportStyle(), started);
  } catch (error) {
    logError(messageOf(error));
    return 1;
  }
}

function rcScript(file: string | undefined): RcScript {
  if (file === undefined) return { kind: "image" };
  try {
    return inheritedScript(byteString(Deno.readFileSync(file)));
  } catch (error) {
    throw new EnrootError(`Cannot read ${file}: ${messageOf(error)}`, { cause: error });
  }
}
