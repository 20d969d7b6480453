import { EnrootError } from "../../diagnostics/mod.ts";
import { type Descriptor, parseDescriptor } from "./descriptor.ts";
import {
  asObject,
  asOptionalList,
  asOptionalObject,
  asOptionalString,
  type JsonObject,
  parseJsonObject,
} from "./json.ts";
import {
  isImageConfigType,
  isIndexType,
  isLayerType,
  isManifestType,
  isSchema1Type,
} from "./media_type.ts";
import { parsePlatformFields, type Platform, platformDistance, platformName } from "./platform.ts";

/** The most bytes a manifest may have; registries refuse larger ones when they are pushed. */
export const MAX_MANIFEST_SIZE = 4 * 1024 * 1024;

/** One image: its configuration and its layers, bottom first. */
export interface ImageManifest {
  kind: "image";
  config: Descriptor;
  layers: Descriptor[];
}

/** Several images, one for each platform. */
export interface ImageIndex {
  kind: "index";
  manifests: IndexEntry[];
}

/** A manifest in an index. */
export interface IndexEntry extends Descriptor {
  /** Null when the index does not say. */
  platform: Platform | null;
  /** The name given to it in an OCI layout (`org.opencontainers.image.ref.name`), or empty. */
  refName: string;
}

/**
 * Reads a manifest or an index, Docker's or OCI's (manifest.md, image-index.md).
 *
 * What the document says of itself goes before what the transport said of it. A document that could
 * be read as either is refused, since readers that differ about it would see different images.
 *
 * @param mediaType what the transport says it is, parameters removed; empty when it does not say
 * @throws {EnrootError} when it is malformed, or of a kind that we do not read
 */
export function parseManifest(bytes: Uint8Array, mediaType = ""): ImageManifest | ImageIndex {
  if (bytes.length > MAX_MANIFEST_SIZE) {
    throw new EnrootError(`Cannot read image manifest: larger than ${MAX_MANIFEST_SIZE} bytes`);
  }
  const document = parseJsonObject(bytes, "image manifest");
  const type = asOptionalString(document.mediaType, "media type of image manifest") || mediaType;
  if (isSchema1Type(type) || document.schemaVersion === 1 || "fsLayers" in document) {
    throw new EnrootError(
      "Cannot read image manifest: Docker schema 1 is not supported, push the image again with a current tool",
    );
  }
  if ("manifests" in document && ("layers" in document || "config" in document)) {
    throw new EnrootError("Cannot read image manifest: both a manifest and an index");
  }
  if (isIndexType(type) || (!isManifestType(type) && "manifests" in document)) {
    return parseIndex(document);
  }
  if (isManifestType(type) || "layers" in document) return parseImage(document);
  throw new EnrootError(
    `Cannot read image manifest: unsupported media type ${JSON.stringify(type)}`,
  );
}

function parseImage(document: JsonObject): ImageManifest {
  const config = parseDescriptor(document.config, "image configuration in manifest");
  if (!isImageConfigType(config.mediaType)) {
    throw new EnrootError(
      `Cannot read image manifest: not a container image but ${JSON.stringify(config.mediaType)}`,
    );
  }
  const layers = asOptionalList(document.layers, "layers of image manifest").map((value, index) => {
    const layer = parseDescriptor(value, `layer ${index + 1} in manifest`);
    if (isLayerType(layer.mediaType)) return layer;
    throw new EnrootError(
      `Cannot read layer ${layer.digest}: unsupported media type ${
        JSON.stringify(layer.mediaType)
      }`,
    );
  });
  return { kind: "image", config, layers };
}

function parseIndex(document: JsonObject): ImageIndex {
  const manifests = asOptionalList(document.manifests, "manifests of image index")
    .map((value, index): IndexEntry => {
      const what = `manifest ${index + 1} in index`;
      const object = asObject(value, what);
      const annotations = asOptionalObject(object.annotations, `annotations of ${what}`);
      return {
        ...parseDescriptor(object, what),
        platform: object.platform === undefined || object.platform === null
          ? null
          : parsePlatformFields(asObject(object.platform, `platform of ${what}`), what),
        refName: asOptionalString(
          annotations["org.opencontainers.image.ref.name"],
          `name of ${what}`,
        ),
      };
    });
  return { kind: "index", manifests };
}

/**
 * Chooses the image for a platform. Attestations (`unknown/unknown`) are never chosen; entries that
 * name no platform only when none does.
 *
 * @throws {EnrootError} when there is none, naming the platforms there are
 */
export function chooseManifest(index: ImageIndex, platform: Platform): IndexEntry {
  let best: IndexEntry | undefined;
  let bestDistance = Infinity;
  for (const entry of index.manifests) {
    if (!isManifestType(entry.mediaType) && !isIndexType(entry.mediaType)) continue;
    const distance = entry.platform === null
      ? Number.MAX_VALUE
      : platformDistance(platform, entry.platform);
    if (distance === null || distance >= bestDistance) continue;
    best = entry;
    bestDistance = distance;
  }
  if (best !== undefined) return best;
  const offered = index.manifests.flatMap((entry) => entry.platform ?? [])
    .filter((offer) => offer.os !== "unknown").map(platformName);
  throw new EnrootError(
    `Cannot find an image for ${platformName(platform)}: there is ${
      offered.length === 0 ? "none" : `only ${[...new Set(offered)].join(", ")}`
    }`,
  );
}
