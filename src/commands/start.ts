import { byteString, byteStringFromText } from "../bytes/mod.ts";
import {
  type EffectiveFile,
  effectiveFiles,
  embeddedFile,
  ensureRuntimeDirectory,
  type Settings,
} from "../config/mod.ts";
import { EnrootError, messageOf, writeStdout } from "../diagnostics/mod.ts";
import {
  byteEnvironment,
  type ConfigurationFile,
  describePlan,
  launch,
  openImage,
  parseEnvironment,
  type Program,
  type StartPlan,
} from "../runtime/mod.ts";
import { resolveTarget, type StartTarget } from "../store/mod.ts";
import type { Context } from "./context.ts";
import { plannedHooks } from "./planned_hooks.ts";
import { thisProgram } from "./this_program.ts";

export interface StartOptions {
  /** A container's name, or an image file. */
  target: string;
  command: string[];
  conf?: string;
  /** `KEY` or `KEY=VALUE`. */
  env: string[];
  rc?: string;
  /** fstab entries with `:` between the fields. */
  mounts: string[];
  /** Whether only to print what a start would do. */
  dryRun: boolean;
}

/** Starts a container in this process's place. */
export async function start(
  options: StartOptions,
  { settings, hooks }: Context,
): Promise<number> {
  const target = resolveTarget(options.target, settings.dataPath);
  const plan = makePlan(options, { target, settings, program: thisProgram() });
  if (!options.dryRun) launch(withOpenImage(plan), await hooks());
  writeStdout(await describePlan(plan));
  return 0;
}

/** Opens the image that is started: where its namespaces are made, its path may be covered. */
function withOpenImage(plan: StartPlan): StartPlan {
  const { image, namespaces } = plan;
  if (image === null) return plan;
  return { ...plan, image: openImage(image, { superuser: !namespaces.user }) };
}

function makePlan(
  options: StartOptions,
  { target, settings, program }: { target: StartTarget; settings: Settings; program: Program },
): StartPlan {
  const hostUid = Deno.uid() ?? 0;
  const hostGid = Deno.gid() ?? 0;
  const superuser = settings.allowSuperuser && hostUid === 0;
  const toRoot = settings.remapRoot && !superuser;
  const variables = parseEnvironment(byteEnvironment());
  // A setting that is off is one that hooks do not see at all.
  for (const name of variables.keys()) {
    if (name.startsWith("ENROOT_")) variables.delete(name);
  }
  for (const [name, value] of settings.variables) {
    variables.set(byteStringFromText(name), byteStringFromText(value));
  }
  const runtimePath = byteStringFromText(ensureRuntimeDirectory(settings));
  const path = byteStringFromText(target.path);
  return {
    rootfs: target.kind === "image" ? `${runtimePath}/rootfs` : path,
    image: target.kind === "image" ? { path, offset: 0, opened: null } : null,
    identity: { hostUid, hostGid, uid: toRoot ? 0 : hostUid, gid: toRoot ? 0 : hostGid },
    namespaces: {
      user: !superuser,
      pid: settings.unsharePid,
      net: settings.unshareNet,
      ipc: settings.unshareIpc,
      uts: settings.unshareUts,
    },
    writable: settings.rootfsWritable,
    nativeOverlayfs: settings.nativeOverlayfs,
    runtimePath,
    workingDirectory: byteStringFromText(Deno.cwd()),
    fstabs: readFiles(
      effectiveFiles(settings, { directory: "mounts.d", suffix: ".fstab", embedded: FSTABS }),
      "mounts",
    ),
    mounts: options.mounts.map(byteStringFromText),
    environs: readFiles(
      effectiveFiles(settings, { directory: "environ.d", suffix: ".env", embedded: ENVIRONS }),
      "environ",
    ),
    environment: options.env.map(byteStringFromText),
    hostEnvironment: [...variables],
    hooks: plannedHooks(settings, program.path),
    script: options.conf ?? null,
    libraryPath: settings.libraryPath,
    program,
    loginShell: settings.loginShell,
    mountHome: settings.mountHome,
    restrictDev: settings.restrictDev,
    command: {
      rc: options.rc === undefined ? null : byteStringFromText(options.rc),
      arguments: options.command.map(byteStringFromText),
    },
  };
}

/** The files of `conf/` that are in force unless the system says otherwise. */
const FSTABS = ["10-system.fstab", "20-config.fstab"];
const ENVIRONS = ["10-terminal.env"];

function readFiles(files: EffectiveFile[], embeddedDirectory: string): ConfigurationFile[] {
  return files.map((file) => {
    const location = file.source === "embedded"
      ? embeddedFile(`${embeddedDirectory}/${file.name}`)
      : file.path;
    const path = file.source === "embedded" ? file.name : file.path;
    try {
      return { path, content: byteString(Deno.readFileSync(location)) };
    } catch (error) {
      throw new EnrootError(`Cannot read ${path}: ${messageOf(error)}`, { cause: error });
    }
  });
}
