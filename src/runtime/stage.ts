import { type ByteString, textFromByteString } from "../bytes/mod.ts";
import { EnrootError, logError, messageOf } from "../diagnostics/mod.ts";
import {
  bringUpLoopback,
  close,
  dropAllCapabilities,
  execve,
  groupLineOf,
  installOwnershipFilter,
  isExecutable,
  passwdLineOf,
  resetSignals,
  setNoNewPrivileges,
  SyscallError,
  terminalName,
} from "../linux/mod.ts";
import { parseGroupEntry, parsePasswdEntry } from "./accounts.ts";
import { containerEnvironment } from "./container_environment.ts";
import { containerMounts, parseHookMount } from "./container_mounts.ts";
import { bindRoot, mountRuntimeDirectory, sealRoot, switchRoot } from "./container_root.ts";
import type { Environment } from "./environ.ts";
import type { MountEntry } from "./fstab.ts";
import type { Hook, HookContext, Host } from "./hook.ts";
import { logIn } from "./login_session.ts";
import { performMount } from "./mounter.ts";
import { hostFiles, rootFiles } from "./opened_files.ts";
import type { StartPlan } from "./plan.ts";
import { openRootDirectory, type RootDirectory } from "./root_directory.ts";
import { lockRoot } from "./root_lock.ts";
import { openScript } from "./rc_script.ts";
import { shellCommand } from "./shell_command.ts";

/**
 * What the program does when `launch()` executed it inside the namespaces: `planFd` is the
 * descriptor of the plan.
 *
 * @returns the exit code, where the container's command did not take this process's place
 */
export function runStage(planFd: number, hooks: readonly Hook[]): number {
  try {
    const plan: StartPlan = JSON.parse(Deno.readTextFileSync(`/proc/self/fd/${planFd}`));
    close(planFd);
    return carryOut(plan, hooks);
  } catch (error) {
    logError(messageOf(error));
    return 1;
  }
}

/**
 * Carries a plan out in the namespaces made for it, up to and including the exec of the container's
 * first program.
 *
 * @returns the exit code when there is nothing to execute: the container lets nobody in
 * @throws {EnrootError} that says which step failed
 */
function carryOut(plan: StartPlan, hooks: readonly Hook[]): number {
  if (plan.namespaces.net) step("bring the loopback interface up", bringUpLoopback);
  step("cover the runtime directory", () => mountRuntimeDirectory(plan.runtimePath));
  step(`mount ${textFromByteString(plan.rootfs)}`, () => bindRoot(plan.rootfs));
  using root = step("open the root file system", () => openRootDirectory(plan.rootfs));
  const environment = prepareRoot(plan, { root, hooks });
  const rc = openScript(plan.command.rc);
  step("seal the root file system", () => sealRoot(plan.rootfs, { root, writable: plan.writable }));
  step("switch the root file system", () => switchRoot(plan.rootfs));
  step("drop privileges", () => dropPrivileges(plan));
  return runCommand(plan, { environment, rc });
}

/** Everything that needs the host's files and the container's at the same time. */
function prepareRoot(
  plan: StartPlan,
  { root, hooks }: { root: RootDirectory; hooks: readonly Hook[] },
): Environment {
  using _lock = lockRoot(root);
  const files = rootFiles(root, plan.rootfs);
  const hostEnvironment = new Map(plan.hostEnvironment);
  const environment = containerEnvironment(plan, { files, host: hostEnvironment });
  const variables = new Map(hostEnvironment).set("ENROOT_ROOTFS", plan.rootfs);
  const mounts = containerMounts(plan, { files, variables });

  for (const entry of mounts.beforeHooks) performMount(entry, root);
  const hookMounts: MountEntry[] = [];
  const { identity } = plan;
  const context: Omit<HookContext, "mountNow" | "mountLater"> = {
    uid: identity.uid,
    gid: identity.gid,
    hostUid: identity.hostUid,
    hostGid: identity.hostGid,
    rootfs: plan.rootfs,
    remapRoot: plan.namespaces.user && identity.uid === 0,
    restrictDev: plan.restrictDev,
    mountHome: plan.mountHome,
    unshareIpc: plan.namespaces.ipc,
    host: describeHost(plan, hostEnvironment),
    environment,
    files,
  };
  for (const hook of hooks) {
    if (plan.disabledHooks.includes(hook.name)) continue;
    const entries = (line: string) => parseHookMount(line, { hook: `hook ${hook.name}`, plan });
    hook.run({
      ...context,
      mountNow: (line) => entries(line).forEach((entry) => performMount(entry, root)),
      mountLater: (line) => hookMounts.push(...entries(line)),
    });
  }
  for (const entry of hookMounts) performMount(entry, root);
  for (const entry of mounts.afterHooks) performMount(entry, root);
  return environment;
}

function describeHost({ identity }: StartPlan, environment: Environment): Host {
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

function dropPrivileges({ namespaces, identity }: StartPlan): void {
  setNoNewPrivileges();
  if (namespaces.user) installOwnershipFilter();
  if (identity.uid !== 0) dropAllCapabilities();
}

function runCommand(
  plan: StartPlan,
  { environment, rc }: { environment: Environment; rc: ByteString | null },
): number {
  const files = hostFiles(); // The root is the container's by now.
  const args = plan.command.arguments;
  const script = rc ?? (files.status("/etc/rc")?.kind === "file" ? "/etc/rc" : null);
  let wanted = environment.get("SHELL");
  if (plan.loginShell) {
    const interactive = script === null && args.length === 0;
    const login = logIn(plan.identity, { environment, files, interactive });
    if (!login.admitted) return 0;
    if (login.fakeShell !== null && isExecutable(login.fakeShell)) wanted = login.fakeShell;
    else wanted = environment.get("SHELL");
  }
  const shell = wanted !== undefined && isExecutable(wanted) ? wanted : "/bin/sh";
  const { path, argv } = shellCommand(args, {
    shell,
    login: plan.loginShell,
    rc: script,
    isPlainFile: (path) => files.status(path)?.kind === "file" && !isExecutable(path),
  });
  resetSignals();
  return step(`execute ${textFromByteString(path)}`, () =>
    execve(path, {
      argv: [...argv],
      environment: [...environment].map(([name, value]) => `${name}=${value}`),
    }));
}

/** Runs one step; a failing system call becomes an error that names it. */
function step<T>(name: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (!(error instanceof SyscallError)) throw error;
    throw new EnrootError(`Cannot ${name}: ${error.reason} (${error.call})`, { cause: error });
  }
}
