import { EnrootError } from "../../diagnostics/mod.ts";
import { asOptionalString, type JsonObject } from "./json.ts";

/** What an image runs on, in the words of Go's GOOS and GOARCH (OCI image-index.md). */
export interface Platform {
  os: string;
  architecture: string;
  /** The variant of the processor (`v8`); empty when not said. */
  variant: string;
}

const ARCHITECTURES: ReadonlyMap<string, string> = new Map([
  ["x86_64", "amd64"],
  ["amd64", "amd64"],
  ["aarch64", "arm64"],
  ["arm64", "arm64"],
  ["ppc64le", "ppc64le"],
]);

/**
 * Reads an architecture as people write it: `x86_64`, `amd64`, `arm64/v8`, with or without
 * `linux/` before it.
 *
 * @throws {EnrootError} when it is none we run on
 */
export function parsePlatform(text: string): Platform {
  const [name = "", variant = "", ...rest] = text.replace(/^linux\//, "").split("/");
  const architecture = ARCHITECTURES.get(name);
  if (
    architecture === undefined || rest.length > 0 || (variant !== "" && !/^v\d+$/.test(variant))
  ) {
    throw new EnrootError(`Invalid argument: ${text}`);
  }
  return { os: "linux", architecture, variant };
}

/**
 * Reads the fields `os`, `architecture` and `variant` of a document. Some tools write the
 * architecture as uname(2) has it; it becomes what the specification says.
 */
export function parsePlatformFields(document: JsonObject, what: string): Platform {
  const architecture = asOptionalString(document.architecture, `architecture of ${what}`);
  return {
    os: asOptionalString(document.os, `operating system of ${what}`),
    architecture: ARCHITECTURES.get(architecture) ?? architecture,
    variant: asOptionalString(document.variant, `variant of ${what}`),
  };
}

/** A platform as people write it: `linux/arm64/v8`. */
export function platformName(platform: Platform): string {
  const { os, architecture, variant } = platform;
  return `${os}/${architecture}${variant === "" ? "" : `/${variant}`}`;
}

/**
 * How well an offer suits a wish: 0 is best, null is not at all.
 *
 * A variant is a matter of preference: better to take the only arm64 image there is than none.
 */
export function platformDistance(wish: Platform, offer: Platform): number | null {
  if (wish.os !== offer.os || wish.architecture !== offer.architecture) return null;
  if (variantOf(wish) === variantOf(offer)) return 0;
  return offer.variant === "" ? 1 : 2;
}

/** The variant, with the one that goes without saying spelled out. */
function variantOf({ architecture, variant }: Platform): string {
  if (variant !== "") return variant;
  switch (architecture) {
    case "arm64":
      return "v8";
    case "amd64":
      return "v1";
    default:
      return "";
  }
}
