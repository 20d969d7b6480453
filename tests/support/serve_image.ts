/**
 * Mounts a squashfs image and serves it, in one process: the image server alone, for tests and
 * measurements.
 *
 *     deno run -A serve_image.ts IMAGE DIRECTORY [--offset N] [--owner UID:GID] [--threads N]
 *
 * Needs CAP_SYS_ADMIN, if only in a user namespace of its own (`unshare -Urm`). Ends when the
 * directory is unmounted; until then it holds nothing but descriptors 0 to 2.
 */
import { resolve } from "node:path";
import { byteStringFromText } from "../../src/bytes/mod.ts";
import { MAX_READ } from "../../src/formats/fuse/mod.ts";
import {
  AT,
  cloneFuseDevice,
  FUSE_MOUNT_FLAGS,
  fuseMountData,
  mount,
  O,
  openat,
  openFuseDevice,
} from "../../src/linux/mod.ts";
import { CLONES } from "../../src/runtime/image/server/server_arguments.ts";
import { serveImage } from "../../src/runtime/image/server/serve_image.ts";

function main([image = "", directory = "", ...rest]: string[]): number {
  const options = new Map<string, string>();
  for (let index = 0; index < rest.length; index += 2) {
    options.set(rest[index] ?? "", rest[index + 1] ?? "");
  }
  const [uid = NaN, gid = NaN] = (options.get("--owner") ?? "").split(":").map(Number);
  const threads = options.get("--threads");
  const imageFd = openat(AT.FDCWD, byteStringFromText(image), { flags: O.RDONLY });
  const fuseFd = openFuseDevice();
  const [mountUid, mountGid] = [Deno.uid() ?? 0, Deno.gid() ?? 0];
  mount({
    source: byteStringFromText(resolve(image)),
    target: byteStringFromText(directory),
    type: "fuse.squashfs",
    flags: FUSE_MOUNT_FLAGS,
    data: fuseMountData({ fuseFd, uid: mountUid, gid: mountGid, maxRead: MAX_READ }),
  });
  return serveImage({
    fuseFd,
    clones: Array.from({ length: CLONES }, () => cloneFuseDevice(fuseFd)),
    imageFd,
    offset: Number(options.get("--offset") ?? 0),
    ...(Number.isNaN(gid) ? {} : { owner: { uid, gid } }),
    ...(threads === undefined ? {} : { threads: Number(threads) }),
  });
}

if (import.meta.main) Deno.exit(main(Deno.args));
