/** An option of a command; one with a `value` takes an argument, the others are switches. */
export interface OptionSpec {
  readonly long: string;
  readonly short?: string;
  readonly value?: string;
  /** May be given several times; the values are collected in order. */
  readonly repeatable?: true;
  readonly help: string;
}

/** What a command accepts, and what its usage says. */
export interface CommandSpec {
  /** Words of which one must be given, before the options. */
  readonly actions?: readonly string[];
  /** Positional arguments as the usage shows them. */
  readonly operands: string;
  readonly minOperands: number;
  readonly maxOperands: number;
  readonly description: string;
  readonly options: readonly OptionSpec[];
  readonly schemes?: readonly (readonly [form: string, help: string])[];
}

export type CommandName = keyof typeof COMMANDS;

const FORCE = { long: "force", short: "f" } as const;
const ENVIRONMENT: OptionSpec = {
  long: "env",
  short: "e",
  value: "KEY[=VAL]",
  repeatable: true,
  help: "Export an environment variable inside the container",
};
const ARCHITECTURE: OptionSpec = {
  long: "arch",
  short: "a",
  value: "ARCH",
  help: "Architecture of the image (defaults to the host's)",
};
const REGISTRY_SCHEME = [
  "docker://[USER@][REGISTRY#]IMAGE[:TAG]",
  "Docker image of a registry",
] as const;
const IMAGE_SCHEMES = [
  REGISTRY_SCHEME,
  ["dockerd://IMAGE[:TAG]", "Docker image of the Docker daemon"],
  ["podman://IMAGE[:TAG]", "Docker image of the local Podman storage"],
  ["oci:DIR[:REF]", "OCI image layout directory"],
  ["oci-archive:FILE", "OCI image layout in an archive"],
  ["docker-archive:FILE[:REF]", 'Archive made by "docker save"'],
  ["tar:FILE", "Archive of a root filesystem"],
] as const;

/** All commands, in the order in which the general usage lists them. */
export const COMMANDS = {
  batch: {
    operands: "CONFIG [COMMAND] [ARG...]",
    minOperands: 1,
    maxOperands: Infinity,
    description:
      'Shorthand for "enroot start -c CONFIG" where the root filesystem is named by the\n' +
      "directive #ENROOT_ROOTFS= of the configuration script.",
    options: [],
  },
  bundle: {
    operands: "IMAGE",
    minOperands: 1,
    maxOperands: 1,
    description: "Create a self-running executable from a container image.",
    options: [
      { long: "all", short: "a", help: "Include user configuration files in the bundle" },
      { long: "checksum", short: "c", help: "Include a checksum that is verified at start" },
      { long: "desc", short: "d", value: "TEXT", help: "Describe the bundle" },
      {
        long: "output",
        short: "o",
        value: "BUNDLE",
        help: 'Name of the bundle file (defaults to "IMAGE.run")',
      },
      {
        long: "target",
        short: "t",
        value: "DIR",
        help: 'Directory that --keep extracts to (defaults to "$PWD/BUNDLE")',
      },
      { ...FORCE, help: "Overwrite an existing bundle" },
    ],
  },
  cache: {
    actions: ["list", "verify", "prune"],
    operands: "",
    minOperands: 0,
    maxOperands: 0,
    description: "List, verify or remove downloaded image layers.",
    options: [
      {
        long: "older-than",
        value: "TIME",
        help: 'Remove what was not used for so long, such as "7d" (prune)',
      },
      {
        long: "max-size",
        value: "SIZE",
        help: 'Keep what was used last, at most so much, such as "50G" (prune)',
      },
    ],
  },
  check: {
    operands: "",
    minOperands: 0,
    maxOperands: 0,
    description: "Check whether this host has what running containers needs, and can use.\n\n" +
      "Fails if something required is missing.",
    options: [],
  },
  create: {
    operands: "IMAGE",
    minOperands: 1,
    maxOperands: 1,
    description: "Create a container root filesystem from a container image.",
    options: [
      {
        long: "name",
        short: "n",
        value: "NAME",
        help: 'Name of the container (defaults to "IMAGE")',
      },
      { ...FORCE, help: "Overwrite an existing root filesystem" },
    ],
  },
  digest: {
    operands: "URI",
    minOperands: 1,
    maxOperands: 1,
    description: "Print the digest of a container image in a registry.",
    schemes: [REGISTRY_SCHEME],
    options: [ARCHITECTURE],
  },
  exec: {
    operands: "PID|NAME COMMAND [ARG...]",
    minOperands: 2,
    maxOperands: Infinity,
    description: "Execute a command inside a running container.",
    options: [ENVIRONMENT],
  },
  export: {
    operands: "NAME",
    minOperands: 1,
    maxOperands: 1,
    description: "Create a container image from a container root filesystem.",
    options: [
      {
        long: "output",
        short: "o",
        value: "FILE",
        help: 'Name of the image file (defaults to "NAME.sqsh")',
      },
      { ...FORCE, help: "Overwrite an existing image" },
    ],
  },
  import: {
    operands: "URI",
    minOperands: 1,
    maxOperands: 1,
    description: "Import a container image from a registry, an engine or a file.",
    schemes: IMAGE_SCHEMES,
    options: [
      ARCHITECTURE,
      {
        long: "output",
        short: "o",
        value: "FILE",
        help: 'Name of the image file (defaults to "URI.sqsh")',
      },
      { ...FORCE, help: "Overwrite an existing image" },
    ],
  },
  info: {
    operands: "",
    minOperands: 0,
    maxOperands: 0,
    description: "Print the version and the settings in force.",
    options: [],
  },
  list: {
    operands: "",
    minOperands: 0,
    maxOperands: 0,
    description: "List the container root filesystems of the caller.",
    options: [
      { long: "fancy", short: "f", help: "Show running processes too, in a table" },
      { long: "json", help: "Print everything known, as JSON" },
    ],
  },
  load: {
    operands: "URI",
    minOperands: 1,
    maxOperands: 1,
    description: "Create a container root filesystem straight from an image elsewhere.",
    schemes: IMAGE_SCHEMES,
    options: [
      ARCHITECTURE,
      {
        long: "name",
        short: "n",
        value: "NAME",
        help: 'Name of the container (defaults to "URI")',
      },
      { ...FORCE, help: "Overwrite an existing root filesystem" },
    ],
  },
  remove: {
    operands: "NAME...",
    minOperands: 1,
    maxOperands: Infinity,
    description: "Delete container root filesystems.",
    options: [{ ...FORCE, help: "Do not ask for confirmation" }],
  },
  start: {
    operands: "NAME|IMAGE [COMMAND] [ARG...]",
    minOperands: 1,
    maxOperands: Infinity,
    description: "Start a container and run the command script of its root filesystem.\n" +
      "Command and arguments are passed to the script.\n\n" +
      "Without a command script the command is executed directly, and without a command\n" +
      "an interactive shell is started.",
    options: [
      {
        long: "conf",
        short: "c",
        value: "CONFIG",
        help: "Configuration script to run before the container starts",
      },
      ENVIRONMENT,
      { long: "rc", value: "SCRIPT", help: "Override the command script of the container" },
      { long: "root", short: "r", help: "Appear as root inside the container" },
      { long: "rw", short: "w", help: "Make the root filesystem writable" },
      {
        long: "mount",
        short: "m",
        value: "FSTAB",
        repeatable: true,
        help: "Mount something of the host inside the container (colon-separated)",
      },
      { long: "pid", help: "Use a new PID namespace" },
      { long: "net", help: "Use a new network namespace (loopback only)" },
      { long: "ipc", help: "Use a new IPC namespace" },
      { long: "uts", help: "Use a new UTS (host name) namespace" },
      { long: "dry-run", help: "Print what would be done, and do nothing" },
    ],
  },
  version: {
    operands: "",
    minOperands: 0,
    maxOperands: 0,
    description: "Print the version.",
    options: [],
  },
} as const satisfies Record<string, CommandSpec>;

/** Whether a word is the name of a command. */
export function isCommandName(word: string): word is CommandName {
  return Object.hasOwn(COMMANDS, word);
}
