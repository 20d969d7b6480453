import type { ByteString } from "../src/bytes/mod.ts";
import type { Hook } from "../src/runtime/hook/hook.ts";

const LOCALTIME = "/etc/localtime";

/**
 * Gives the container the host's time zone: the link `/etc/localtime` (its text names the zone, so
 * it is kept as it is) and the zone file it leads to, which the image may lack.
 */
export const localtime: Hook = {
  name: "10-localtime",
  run({ files, host }) {
    const target = host.files.readLink(LOCALTIME);
    const zone = target === null ? null : host.files.read(LOCALTIME);
    if (target === null || zone === null) return;
    const path = linkedPath(target);
    if (files.read(path) !== zone) {
      files.makeDirectories(path.slice(0, path.lastIndexOf("/")) || "/", 0o755);
      files.replace(path, zone, 0o644);
    }
    if (files.readLink(LOCALTIME) === target) return;
    files.makeDirectories("/etc", 0o755);
    files.symlink(target, LOCALTIME);
  },
};

/** The absolute path that the link names, its `..` undone. */
function linkedPath(target: ByteString): ByteString {
  const names: ByteString[] = [];
  for (const name of (target.startsWith("/") ? target : `/etc/${target}`).split("/")) {
    if (name === "..") names.pop();
    else if (name !== "" && name !== ".") names.push(name);
  }
  return `/${names.join("/")}`;
}
