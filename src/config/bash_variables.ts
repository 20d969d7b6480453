/**
 * Variables that bash sets by itself (bash(1), "Shell Variables") and that describe the machine or
 * the caller. The environment has a say in some; the ids are always the process's own.
 */
export function bashVariables(
  environment: Readonly<Record<string, string>>,
): Record<string, string> {
  const { arch } = Deno.build;
  const own = {
    HOSTNAME: Deno.hostname(),
    HOSTTYPE: arch,
    MACHTYPE: `${arch}-${arch === "x86_64" ? "pc" : "unknown"}-linux-gnu`,
    OSTYPE: "linux-gnu",
    ...workingDirectory(),
  };
  const variables: Record<string, string> = {};
  for (const [name, value] of Object.entries(own)) variables[name] = environment[name] || value;
  const uid = String(Deno.uid() ?? 0);
  return {
    ...variables,
    ...{ UID: uid, EUID: uid, GROUPS: String(Deno.gid() ?? 0), PPID: String(Deno.ppid) },
  };
}

/** There is none where the directory was removed. */
function workingDirectory(): { PWD?: string } {
  try {
    return { PWD: Deno.cwd() };
  } catch {
    return {};
  }
}
