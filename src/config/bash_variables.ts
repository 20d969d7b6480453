type Environment = Readonly<Record<string, string>>;

const { arch } = Deno.build;

/** What bash finds out where the environment does not say. */
const DESCRIPTIONS: Readonly<Record<string, () => string | undefined>> = {
  HOSTNAME: () => Deno.hostname(),
  HOSTTYPE: () => arch,
  MACHTYPE: () => `${arch}-${arch === "x86_64" ? "pc" : "unknown"}-linux-gnu`,
  OSTYPE: () => "linux-gnu",
  PWD: workingDirectory,
};

/** What the environment has no say in. */
const IDS: Readonly<Record<string, () => string>> = {
  UID: () => String(Deno.uid() ?? 0),
  EUID: () => String(Deno.uid() ?? 0),
  GROUPS: () => String(Deno.gid() ?? 0),
  PPID: () => String(Deno.ppid),
};

/**
 * A variable that bash sets by itself (bash(1), "Shell Variables") and that describes the machine or
 * the caller; undefined for any other. Each is found out when it is asked for: few files do.
 */
export function bashVariable(name: string, environment: Environment): string | undefined {
  if (Object.hasOwn(IDS, name)) return IDS[name]?.();
  if (Object.hasOwn(DESCRIPTIONS, name)) return environment[name] || DESCRIPTIONS[name]?.();
  return undefined;
}

/** All of them that there are, for a shell that is not bash. */
export function bashVariables(environment: Environment): Record<string, string> {
  const variables: Record<string, string> = {};
  for (const name of [...Object.keys(DESCRIPTIONS), ...Object.keys(IDS)]) {
    const value = bashVariable(name, environment);
    if (value !== undefined) variables[name] = value;
  }
  return variables;
}

/** There is none where the directory was removed. */
function workingDirectory(): string | undefined {
  try {
    return Deno.cwd();
  } catch {
    return undefined;
  }
}
