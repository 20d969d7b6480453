import { type ByteString, byteStringFromText, textFromByteString } from "../../bytes/mod.ts";
import { logError, messageOf } from "../../diagnostics/mod.ts";
import {
  actWithoutCapabilities,
  bringUpLoopback,
  close,
  closeOnExec,
  execSyscallTable,
  groupLineOf,
  passwdLineOf,
  resetSignals,
  terminalName,
} from "../../linux/mod.ts";
import { parseGroupEntry, parsePasswdEntry } from "../plan/accounts.ts";
import { openBashScript } from "../hook/bash_script.ts";
import type { ConfigurationScript } from "../hook/configuration_script.ts";
import { type ContainerCommand, containerCommand } from "../command/container_command.ts";
import { containerEnvironment } from "./environment.ts";
import { containerMounts, namespaceMounts, parseHookMounts } from "./mounts.ts";
import { bindRootfs, exchangeRoot, remountReadOnly } from "../root/pivot.ts";
import type { Environment, ReadonlyEnvironment } from "../plan/environ.ts";
import type { MountEntry } from "../plan/fstab.ts";
import type { HookContext, HookLibrary, Host } from "../hook/hook.ts";
import {
  createHookWorkspace,
  type HookWorkspace,
  runExecutableHook,
} from "../hook/hook_workspace.ts";
import { mountImageRoot } from "../image/image_mount.ts";
import type { LaunchParts } from "./launch.ts";
import { isImageMount, mountImage } from "../image/mounted_image.ts";
import { performMount } from "../root/mounter.ts";
import { hostFiles, rootFiles } from "../root/rootfs_files.ts";
import type { StartPlan } from "../plan/plan.ts";
import { privilegeRows } from "../process/privileges.ts";
import { evaluatePyxisScript, readPyxisScript } from "../hook/pyxis_script.ts";
import { inheritedScript, openRcFile } from "../command/rc_script.ts";
import { reportStyle } from "../process/report_style.ts";
import { openRootDirectory, type RootDirectory } from "../root/root_directory.ts";
import type { RootFiles } from "../root/readable_files.ts";
import { lockRoot } from "../root/root_lock.ts";
import { serverBroker } from "../image/server_broker.ts";
import { step } from "../process/step.ts";

/**
 * What the program does when it was executed inside the namespaces: `planFd` is the descriptor of
 * the plan, `brokerSocket` that of the broker, if there is one.
 *
 * @returns the exit code, where the container's command did not take this process's place
 */
export function runContainerInit(
  [planFd = -1, brokerSocket]: readonly number[],
  hooks: HookLibrary,
): number {
  try {
    const plan: StartPlan = JSON.parse(Deno.readTextFileSync(`/proc/self/fd/${planFd}`));
    close(planFd);
    if (brokerSocket !== undefined) closeOnExec(brokerSocket);
    const broker = brokerSocket === undefined ? null : serverBroker(brokerSocket);
    const command = enterContainer(plan, { hooks, interim: null, broker });
    if (command === null) return 0;
    resetSignals();
    execSyscallTable([...command.rows], reportStyle(), { environment: command.environment });
  } catch (error) {
    logError(messageOf(error));
    return 1;
  }
}

/** What is left to do with a root file system once it is ready. */
interface Prepared {
  environment: Environment;
  /** The text of an rc script that replaces the image's; null for none. */
  rc: ByteString | null;
}

/**
 * Carries a plan out in the namespaces made for it, up to where the container's root is `/`. What is
 * left is a table: to drop privileges and execute the container's first program.
 *
 * @returns null when there is nothing to execute: the container admits no user
 * @throws {EnrootError} that says which step failed
 */
export function enterContainer(
  plan: StartPlan,
  { hooks, interim, broker }: LaunchParts,
): ContainerCommand | null {
  if (plan.namespaces.net) step("bring the loopback interface up", bringUpLoopback);
  const { image } = plan;
  if (image !== null) {
    step(
      `mount ${textFromByteString(image.path)}`,
      () => mountImageRoot(image, { plan, interim, broker }),
    );
  }
  step(`mount ${textFromByteString(plan.rootfs)}`, () => bindRootfs(plan.rootfs));
  using root = step("open the root file system", () => openRootDirectory(plan.rootfs));
  const prepared = prepareRoot(plan, { root, hooks, broker });
  const rc = prepared.rc === null ? openRcFile(plan.command.rc) : inheritedScript(prepared.rc);
  const privileges = privilegeRows(plan);
  step(
    "seal the root file system",
    () => remountReadOnly(plan.rootfs, { root, writable: plan.writable }),
  );
  step("switch the root file system", () => exchangeRoot(plan.rootfs));
  // What the command may not read or execute is not there for it.
  if (plan.identity.uid !== 0) step("act as the command", actWithoutCapabilities);
  const command = containerCommand(plan, { environment: prepared.environment, rc });
  return command === null ? null : { ...command, rows: [...privileges, ...command.rows] };
}

/** Everything that needs the host's files and the container's at the same time. */
function prepareRoot(
  plan: StartPlan,
  { root, hooks, broker }: { root: RootDirectory } & Pick<LaunchParts, "hooks" | "broker">,
): Prepared {
  using _lock = lockRoot(root);
  const files = rootFiles(root, plan.rootfs);
  const host = new Map(plan.hostEnvironment);
  const external = externalParts(plan, { host, files, library: hooks.library });
  using script = external.script;
  const environment = containerEnvironment(plan, { files, host, script });
  const variables = new Map(host).set("ENROOT_ROOTFS", plan.rootfs);
  const mounts = containerMounts(plan, { files, variables, script });
  const perform = (entry: MountEntry) =>
    isImageMount(entry) ? mountImage(entry, { root, plan, broker }) : performMount(entry, root);
  mounts.beforeHooks.forEach(perform);
  for (const entry of namespaceMounts(plan)) performMount(entry, root);

  const hookMounts: MountEntry[] = [];
  const context = hookContext(plan, { files, environment, host });
  for (const hook of plan.hooks) {
    if (hook.kind === "standard") {
      const entries = (line: string) => parseHookMounts(line, { hook: hook.name, plan });
      hooks.find(hook.name).run({
        ...context,
        mountNow: (line) => entries(line).forEach(perform),
        mountLater: (line) => hookMounts.push(...entries(line)),
      });
    } else {
      const { variables, exchange } = external.workspace();
      const { fstab } = exchange(environment, () => runExecutableHook(hook.path, variables));
      hookMounts.push(...parseHookMounts(fstab, { hook: hook.path, plan }));
    }
  }
  if (script !== null) {
    const { fstab } = external.workspace().exchange(environment, () => script.hooks());
    hookMounts.push(...parseHookMounts(fstab, { hook: plan.script ?? "", plan }));
  }
  hookMounts.forEach(perform);
  mounts.afterHooks.forEach(perform);
  return { environment, rc: plan.command.rc === null ? script?.rc() ?? null : null };
}

/** What comes from outside the program, and is set up only if it is used. */
function externalParts(
  plan: StartPlan,
  { host, files, library }: {
    host: ReadonlyEnvironment;
    files: RootFiles;
    library: () => Uint8Array;
  },
): { workspace: () => HookWorkspace; script: ConfigurationScript | null } {
  let made: HookWorkspace | undefined;
  const workspace = () => made ??= createHookWorkspace(plan, { host, library });
  return { workspace, script: openScript(plan, { host, files, workspace }) };
}

function openScript(
  plan: StartPlan,
  { host, files, workspace }: {
    host: ReadonlyEnvironment;
    files: RootFiles;
    workspace: () => HookWorkspace;
  },
): ConfigurationScript | null {
  if (plan.script === null) return null;
  const path = byteStringFromText(plan.script);
  const known = readPyxisScript(plan.script);
  if (known !== null) return evaluatePyxisScript(known, { host, files });
  const { variables, directory } = workspace();
  return openBashScript(path, {
    args: plan.command.arguments,
    environment: variables,
    directory,
  });
}

function hookContext(
  plan: StartPlan,
  { files, environment, host }: {
    files: RootFiles;
    environment: Environment;
    host: ReadonlyEnvironment;
  },
): Omit<HookContext, "mountNow" | "mountLater"> {
  const { uid, gid, hostUid, hostGid } = plan.identity;
  return {
    uid,
    gid,
    hostUid,
    hostGid,
    rootfs: plan.rootfs,
    remapRoot: plan.namespaces.user && uid === 0,
    restrictDev: plan.restrictDev,
    mountHome: plan.mountHome,
    unshareIpc: plan.namespaces.ipc,
    host: describeHost(plan, host),
    environment,
    files,
  };
}

function describeHost({ identity }: StartPlan, environment: ReadonlyEnvironment): Host {
  const passwd = passwdLineOf(identity.hostUid);
  const group = groupLineOf(identity.hostGid);
  return {
    environment,
    passwd: passwd === null ? null : parsePasswdEntry(passwd),
    group: group === null ? null : parseGroupEntry(group),
    terminal: terminalName(0),
    files: hostFiles(),
  };
}
