import type { ByteString } from "../../bytes/mod.ts";
import { unescapeFstabField } from "../plan/fstab.ts";

/** File systems that put a writable layer on an image; they have the image's path for their source. */
const OVERLAYS = new Set(["overlay", "fuse.fuse-overlayfs"]);

/** The image that the root of a mount namespace is, from its mountinfo (proc(5)); null for none. */
export function imageAtRoot(mountinfo: ByteString): ByteString | null {
  for (const line of mountinfo.split("\n")) {
    // Root and mount point are fields 4 and 5; type and source follow a lone hyphen.
    const fields = line.split(" ");
    if (fields[3] !== "/" || fields[4] !== "/") continue;
    const hyphen = fields.indexOf("-", 6);
    const source = unescapeFstabField(fields[hyphen + 2] ?? "");
    if (OVERLAYS.has(fields[hyphen + 1] ?? "") && source.startsWith("/")) return source;
  }
  return null;
}
