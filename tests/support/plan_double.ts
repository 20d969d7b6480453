import type { StartPlan } from "../../src/runtime/plan/plan.ts";

/** A plan to test with: the user tester (1001) starts the container `/data/c`, nothing configured. */
export function planDouble(differences: Partial<StartPlan> = {}): StartPlan {
  return {
    rootfs: "/data/c",
    image: null,
    identity: { hostUid: 1001, hostGid: 1001, uid: 1001, gid: 1001 },
    namespaces: { user: true, pid: false, net: false, ipc: false, uts: false },
    writable: false,
    nativeOverlayfs: true,
    runtimePath: "/run/enroot",
    workingDirectory: "/home/tester",
    fstabs: [],
    mounts: [],
    environs: [],
    environment: [],
    hostEnvironment: [],
    hooks: [],
    script: null,
    libraryPath: "/usr/lib/enroot",
    program: { path: "/usr/bin/enroot", file: -1, arguments: [] },
    loginShell: true,
    mountHome: false,
    restrictDev: false,
    command: { rc: null, arguments: [] },
    ...differences,
  };
}
