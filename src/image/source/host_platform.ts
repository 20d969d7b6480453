import { parsePlatform, type Platform } from "../../formats/oci/mod.ts";

/**
 * The platform that was asked for as `--arch`, or this machine's.
 *
 * @throws {EnrootError} `Invalid argument: ARCH` when we know no such
 */
export function hostPlatform(arch: string = Deno.build.arch): Platform {
  return parsePlatform(arch);
}
