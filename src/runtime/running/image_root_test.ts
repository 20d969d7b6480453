import { assertEquals } from "@std/assert";
import { imageAtRoot } from "./image_root.ts";

Deno.test("imageAtRoot() finds the source of an overlay at the root", () => {
  for (const type of ["overlay", "fuse.fuse-overlayfs"]) {
    assertEquals(
      imageAtRoot(
        "84 83 254:0 / / rw,relatime - ext4 /dev/vda rw\n" +
          `175 84 0:41 / / ro,nosuid,nodev - ${type} /home/me/a\\040b.sqsh rw,user_id=1001\n` +
          "176 175 0:5 / /dev rw master:1 - devtmpfs devtmpfs rw\n",
      ),
      "/home/me/a b.sqsh",
    );
  }
});

Deno.test("imageAtRoot() takes nothing else for an image", () => {
  for (
    const line of [
      "",
      "175 84 0:41 / / ro - ext4 /dev/vda rw",
      // An engine's overlay, and a directory within an image.
      "175 84 0:41 / / ro - overlay overlay rw",
      "175 84 0:41 /data/box / ro - overlay /home/me/outer.sqsh rw",
      "175 84 0:41 / /mnt ro - overlay /home/me/box.sqsh rw",
      "175 84 0:41 / / ro - fuse.sshfs /somewhere rw",
    ]
  ) assertEquals(imageAtRoot(line), null);
});
