import type { Hook } from "../src/runtime/hook/hook.ts";

const CONFIGURATION = 'APT::Sandbox::User "root";\n';

/**
 * Keeps apt from dropping to the user `_apt` in a Debian container whose caller is root: only one
 * id is mapped, there is no other to drop to.
 */
export const aptfix: Hook = {
  name: "10-aptfix",
  run({ files, remapRoot }) {
    if (!remapRoot || files.status("/etc/debian_version")?.kind !== "file") return;
    const path = "/etc/apt/apt.conf.d/enroot";
    if (files.read(path) === CONFIGURATION) return;
    files.makeDirectories("/etc/apt/apt.conf.d", 0o755);
    files.replace(path, CONFIGURATION, 0o644);
  },
};
