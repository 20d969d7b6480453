/** Every setting in force for one command, already parsed and checked. */
export interface Settings {
  libraryPath: string;
  sysconfPath: string;
  runtimePath: string;
  configPath: string;
  cachePath: string;
  dataPath: string;
  tempPath: string;
  /** Options in mksquashfs syntax, split into words. */
  squashOptions: string[];
  /** At least 1; "no limit" has become the number of processors. */
  maxProcessors: number;
  /** At least 1; Infinity for no limit. */
  maxConnections: number;
  /** Seconds; Infinity for none. */
  connectTimeout: number;
  /** Seconds for one whole transfer; Infinity for none. */
  transferTimeout: number;
  transferRetries: number;
  loginShell: boolean;
  allowSuperuser: boolean;
  allowHttp: boolean;
  rootfsWritable: boolean;
  nativeOverlayfs: boolean;
  remapRoot: boolean;
  unshareNet: boolean;
  unsharePid: boolean;
  unshareIpc: boolean;
  unshareUts: boolean;
  bundleAll: boolean;
  bundleChecksum: boolean;
  mountHome: boolean;
  restrictDev: boolean;
  forceOverride: boolean;
  /**
   * Every variable that configuration may set (`ENROOT_*`, `NVIDIA_*`, `MELLANOX_*`, proxies,
   * certificates) with its value in force, as hooks and scripts get them. Unset ones are absent.
   */
  variables: Map<string, string>;
}
