import { EnrootError } from "../src/diagnostics/mod.ts";
import { escapeFstabField, type Hook } from "../src/runtime/hook/hook.ts";

/** Mounts the caller's home directory, as `/root` for a remapped root, and sets `HOME`. */
export const home: Hook = {
  name: "10-home",
  run({ environment, host, mountHome, mountLater, remapRoot }) {
    if (!mountHome) return;
    const source = host.environment.get("HOME") || host.passwd?.directory;
    if (!source) throw new EnrootError("Cannot mount the home directory: HOME is not set");
    const target = remapRoot ? "/root" : source;
    const fields = [source, target].map(escapeFstabField).join(" ");
    mountLater(`${fields} none x-create=dir,bind,rw,nosuid`);
    environment.set("HOME", target);
  },
};
