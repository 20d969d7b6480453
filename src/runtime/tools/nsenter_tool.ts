import { byteStringFromText } from "../../bytes/mod.ts";
import { EnrootError, logError, messageOf, writeStdout } from "../../diagnostics/mod.ts";
import {
  CLONE,
  containerFilterRows,
  execSyscallTable,
  resetSignals,
  type Syscall,
  text,
} from "../../linux/mod.ts";
import { commandRows } from "../process/command_rows.ts";
import { joinRows, openNamespaces } from "../running/join.ts";
import { identityRows } from "../process/namespaces.ts";
import { reportStyle } from "../process/report_style.ts";
import { openProcess } from "../running/target_process.ts";
import { readToolArguments } from "./tool_arguments.ts";
import { toolEnvironment } from "./tool_environment.ts";

const USAGE = "Usage: enroot-nsenter [--target PID] [--user] [--mount] [--remap-root] " +
  "[--envfile FILE] [--workdir DIR] COMMAND [ARG...]\n";

/**
 * `enroot-nsenter`: runs a command in new namespaces, or in those of a process, in this process's
 * place. In a user namespace, changes of ownership succeed without effect.
 *
 * @returns the exit code, if there is no command to run or it cannot be run
 */
export function runNsenterTool(args: readonly string[]): number {
  try {
    const { options, operands } = readToolArguments(args, {
      switches: ["user", "mount", "remap-root"],
      values: ["target", "envfile", "workdir"],
    });
    if (operands.length === 0) {
      writeStdout(USAGE);
      return 0;
    }
    const user = options.has("user");
    const mount = options.has("mount");
    const target = options.get("target");
    const rows = target === undefined
      ? newNamespaceRows({ user, mount, remapRoot: options.has("remap-root") })
      : namespaceRowsOf(target, { user, mount });
    if (user) rows.push(...containerFilterRows({ fakeOwnership: true }));
    const directory = options.get("workdir");
    if (directory !== undefined) {
      const path = byteStringFromText(directory);
      rows.push({ name: "chdir", arguments: [text(path)], failure: `Cannot enter ${path}` });
    }
    const environment = toolEnvironment(options.get("envfile"));
    rows.push(...commandRows(operands.map(byteStringFromText), environment));
    resetSignals();
    return execSyscallTable(rows, reportStyle());
  } catch (error) {
    logError(messageOf(error));
    return 1;
  }
}

function newNamespaceRows(
  { user, mount, remapRoot }: { user: boolean; mount: boolean; remapRoot: boolean },
): Syscall[] {
  const flags = (user ? CLONE.NEWUSER : 0) | (mount ? CLONE.NEWNS : 0);
  const rows: Syscall[] = [
    { name: "unshare", arguments: [flags], failure: "Cannot create namespaces" },
  ];
  if (user) {
    const [hostUid, hostGid] = [Deno.uid() ?? 0, Deno.gid() ?? 0];
    const [uid, gid] = remapRoot ? [0, 0] : [hostUid, hostGid];
    rows.push(...identityRows({ hostUid, hostGid, uid, gid }));
  }
  return rows;
}

/** Those that are asked for, and the cgroup namespace that goes with them. */
function namespaceRowsOf(
  pid: string,
  { user, mount }: { user: boolean; mount: boolean },
): Syscall[] {
  if (!/^[1-9][0-9]{0,9}$/.test(pid)) throw new EnrootError(`Invalid argument: ${pid}`);
  const target = openProcess(Number(pid));
  const descriptors = openNamespaces(target);
  const names = ["user", "cgroup", "mnt"] as const;
  return names
    .filter((name) => name === "cgroup" || (name === "user" ? user : mount))
    .flatMap((name) => joinRows(target, { name, fd: descriptors.get(name) }));
}
