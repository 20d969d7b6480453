import type { ByteString } from "../bytes/mod.ts";

/**
 * Whether images keep an extended attribute (xattr(7)): those of users and file capabilities.
 *
 * Those of overlayfs are left out: where the image becomes a lower layer they would be obeyed.
 */
export function isKeptXattr(name: ByteString): boolean {
  return name === "security.capability" ||
    (name.startsWith("user.") && name.length > "user.".length && !name.startsWith("user.overlay."));
}
