import type { Settings } from "./settings.ts";

type FieldOf<T> = { [K in keyof Settings]: Settings[K] extends T ? K : never }[keyof Settings];

/** How the text of a setting is read, and the field of `Settings` it becomes. */
export type SettingKind =
  | { kind: "path"; field: FieldOf<string> }
  | { kind: "flag"; field: FieldOf<boolean> }
  /** `zero` is what a 0 stands for. */
  | { kind: "number"; field: FieldOf<number>; zero: number | "processors"; fractions?: true }
  | { kind: "words"; field: FieldOf<string[]> }
  /** Accepted for the sake of existing files, without effect. */
  | { kind: "unused" };

/** One setting: its variable, and its default as one would write it in enroot.conf. */
export type SettingSpec = SettingKind & {
  readonly name: `ENROOT_${string}`;
  readonly fallback: string;
  readonly meaning: string;
};

/** All settings, in the order in which conf/enroot.conf lists them. */
export const SETTINGS: readonly SettingSpec[] = [
  {
    name: "ENROOT_LIBRARY_PATH",
    kind: "path",
    field: "libraryPath",
    fallback: "/usr/lib/enroot",
    meaning: "Library that third-party hooks load.",
  },
  {
    name: "ENROOT_SYSCONF_PATH",
    kind: "path",
    field: "sysconfPath",
    fallback: "/etc/enroot",
    meaning: "System configuration.",
  },
  {
    name: "ENROOT_RUNTIME_PATH",
    kind: "path",
    field: "runtimePath",
    fallback: "${XDG_RUNTIME_DIR:-/run}/enroot",
    meaning: "Working files of containers being started.",
  },
  {
    name: "ENROOT_CONFIG_PATH",
    kind: "path",
    field: "configPath",
    fallback: "${XDG_CONFIG_HOME:-$HOME/.config}/enroot",
    meaning: "User configuration.",
  },
  {
    name: "ENROOT_CACHE_PATH",
    kind: "path",
    field: "cachePath",
    fallback: "${XDG_CACHE_HOME:-$HOME/.cache}/enroot",
    meaning: "Downloaded image layers.",
  },
  {
    name: "ENROOT_DATA_PATH",
    kind: "path",
    field: "dataPath",
    fallback: "${XDG_DATA_HOME:-$HOME/.local/share}/enroot",
    meaning: "Root filesystems of containers.",
  },
  {
    name: "ENROOT_TEMP_PATH",
    kind: "path",
    field: "tempPath",
    fallback: "${TMPDIR:-/tmp}",
    meaning: "Temporary files.",
  },
  {
    name: "ENROOT_GZIP_PROGRAM",
    kind: "unused",
    fallback: "",
    meaning: "Accepted for compatibility; layers are decompressed in process.",
  },
  {
    name: "ENROOT_ZSTD_OPTIONS",
    kind: "unused",
    fallback: "",
    meaning: "Accepted for compatibility; layers are cached as they come.",
  },
  {
    name: "ENROOT_SQUASH_OPTIONS",
    kind: "words",
    field: "squashOptions",
    fallback: "-comp zstd -Xcompression-level 1 -noD -exit-on-error",
    meaning: "How images are written, in the syntax of mksquashfs.",
  },
  {
    name: "ENROOT_ROOTFS_WRITABLE",
    kind: "flag",
    field: "rootfsWritable",
    fallback: "no",
    meaning: "Make root filesystems writable by default.",
  },
  {
    name: "ENROOT_NATIVE_OVERLAYFS",
    kind: "flag",
    field: "nativeOverlayfs",
    fallback: "yes",
    meaning: "Use the kernel's overlayfs for containers started from an image.",
  },
  {
    name: "ENROOT_REMAP_ROOT",
    kind: "flag",
    field: "remapRoot",
    fallback: "no",
    meaning: "Remap the caller to root inside containers by default.",
  },
  {
    name: "ENROOT_UNSHARE_NET",
    kind: "flag",
    field: "unshareNet",
    fallback: "no",
    meaning: "Run containers in a new network namespace (loopback only) by default.",
  },
  {
    name: "ENROOT_UNSHARE_PID",
    kind: "flag",
    field: "unsharePid",
    fallback: "no",
    meaning: "Run containers in a new PID namespace by default.",
  },
  {
    name: "ENROOT_UNSHARE_IPC",
    kind: "flag",
    field: "unshareIpc",
    fallback: "no",
    meaning: "Run containers in a new IPC namespace by default.",
  },
  {
    name: "ENROOT_UNSHARE_UTS",
    kind: "flag",
    field: "unshareUts",
    fallback: "no",
    meaning: "Run containers in a new UTS (host name) namespace by default.",
  },
  {
    name: "ENROOT_MAX_PROCESSORS",
    kind: "number",
    field: "maxProcessors",
    zero: "processors",
    fallback: "$(nproc)",
    meaning: "Processors to use for parallel tasks (0 means all).",
  },
  {
    name: "ENROOT_MAX_CONNECTIONS",
    kind: "number",
    field: "maxConnections",
    zero: Infinity,
    fallback: "10",
    meaning: "Concurrent connections (0 means unlimited).",
  },
  {
    name: "ENROOT_CONNECT_TIMEOUT",
    kind: "number",
    field: "connectTimeout",
    zero: Infinity,
    fractions: true,
    fallback: "30",
    meaning: "Seconds to wait for a connection (0 means unlimited).",
  },
  {
    name: "ENROOT_TRANSFER_TIMEOUT",
    kind: "number",
    field: "transferTimeout",
    zero: Infinity,
    fractions: true,
    fallback: "0",
    meaning: "Seconds one whole transfer may take (0 means unlimited).",
  },
  {
    name: "ENROOT_TRANSFER_RETRIES",
    kind: "number",
    field: "transferRetries",
    zero: 0,
    fallback: "3",
    meaning: "How many times a failed transfer is tried again.",
  },
  {
    name: "ENROOT_LOGIN_SHELL",
    kind: "flag",
    field: "loginShell",
    fallback: "yes",
    meaning: "Start the command script of containers with a login shell.",
  },
  {
    name: "ENROOT_ALLOW_SUPERUSER",
    kind: "flag",
    field: "allowSuperuser",
    fallback: "no",
    meaning: "Let root keep its superuser privileges inside containers.",
  },
  {
    name: "ENROOT_ALLOW_HTTP",
    kind: "flag",
    field: "allowHttp",
    fallback: "no",
    meaning: "Use HTTP instead of HTTPS to reach registries (UNSECURE!).",
  },
  {
    name: "ENROOT_BUNDLE_ALL",
    kind: "flag",
    field: "bundleAll",
    fallback: "no",
    meaning: "Include user configuration in bundles by default.",
  },
  {
    name: "ENROOT_BUNDLE_CHECKSUM",
    kind: "flag",
    field: "bundleChecksum",
    fallback: "no",
    meaning: "Include a checksum in bundles by default.",
  },
  {
    name: "ENROOT_MOUNT_HOME",
    kind: "flag",
    field: "mountHome",
    fallback: "no",
    meaning: "Mount the caller's home directory by default.",
  },
  {
    name: "ENROOT_RESTRICT_DEV",
    kind: "flag",
    field: "restrictDev",
    fallback: "no",
    meaning: "Restrict /dev inside containers to a minimal set of devices.",
  },
  {
    name: "ENROOT_FORCE_OVERRIDE",
    kind: "flag",
    field: "forceOverride",
    fallback: "no",
    meaning: "Behave as if --force was always given.",
  },
];
