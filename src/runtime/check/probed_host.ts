import { byteString, byteStringFromText } from "../../bytes/mod.ts";
import { messageOf } from "../../diagnostics/mod.ts";
import {
  AT,
  CLONE,
  close,
  O,
  openat,
  type Syscall,
  SyscallError,
  text,
  withSyscallProgram,
} from "../../linux/mod.ts";
import { identityRows } from "../process/namespaces.ts";
import type { Attempt, HostFacts } from "./host_facts.ts";

/**
 * The machine this program runs on. What has to be tried is tried in child processes, with mounts
 * on `directory` that no other process sees.
 */
export function probedHost(
  { path, directory }: { path: string; directory: string },
): HostFacts {
  return {
    release: Deno.osRelease(),
    architecture: Deno.build.arch,
    read(file) {
      try {
        return byteString(Deno.readFileSync(file)).trim();
      } catch {
        return null;
      }
    },
    obstacle(file) {
      try {
        close(openat(AT.FDCWD, byteStringFromText(file), { flags: O.RDWR | O.NONBLOCK }));
        return null;
      } catch (error) {
        return error instanceof SyscallError ? error.reason : messageOf(error);
      }
    },
    hasProgram: (name) =>
      path.split(":").some((part) => isExecutableFile(`${part || "."}/${name}`)),
    attempt: (what) => attempt([...rowsOf(what, byteStringFromText(directory)), SUCCEED]),
  };
}

const SUCCEED: Syscall = { name: "exit_group", arguments: [0] };

/** Runs a table of system calls in a child. @returns what it says of a failure */
function attempt(table: Syscall[]): string | null {
  try {
    const { success, stderr } = withSyscallProgram(
      table,
      { prefix: "", suffix: "" },
      (program) => new Deno.Command(program, { stdin: "null", stdout: "null" }).outputSync(),
    );
    return success ? null : new TextDecoder().decode(stderr);
  } catch (error) {
    return messageOf(error);
  }
}

function rowsOf(what: Attempt, directory: string): Syscall[] {
  switch (what) {
    case "memory file":
      return [];
    case "user namespace":
      return inUserNamespace(directory);
    case "overlay": {
      const [lower, upper, work] = ["lower", "upper", "work"].map((name) => `${directory}/${name}`);
      const data = `lowerdir=${lower},upperdir=${upper},workdir=${work},userxattr`;
      return [
        ...inUserNamespace(directory),
        ...[lower, upper, work].map((made): Syscall => ({
          name: "mkdirat",
          arguments: [AT.FDCWD, text(made ?? ""), 0o755],
        })),
        {
          name: "mount",
          arguments: [text("overlay"), text(directory), text("overlay"), 0, text(data)],
        },
      ];
    }
  }
}

function inUserNamespace(directory: string): Syscall[] {
  const [hostUid, hostGid] = [Deno.uid() ?? 0, Deno.gid() ?? 0];
  return [
    { name: "unshare", arguments: [CLONE.NEWUSER | CLONE.NEWNS] },
    ...identityRows({ hostUid, hostGid, uid: hostUid, gid: hostGid }),
    { name: "mount", arguments: [text("tmpfs"), text(directory), text("tmpfs"), 0, 0] },
  ];
}

function isExecutableFile(path: string): boolean {
  try {
    const { isFile, mode } = Deno.statSync(path);
    return isFile && ((mode ?? 0) & 0o111) !== 0;
  } catch {
    return false;
  }
}
