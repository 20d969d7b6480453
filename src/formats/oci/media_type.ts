/** The media types of the Docker distribution and OCI image specifications. */
const DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json";
const DOCKER_MANIFEST_LIST = "application/vnd.docker.distribution.manifest.list.v2+json";
const OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json";
const OCI_INDEX = "application/vnd.oci.image.index.v1+json";

/** The types of documents {@link parseManifest} reads, best first, as for an Accept header. */
export const MANIFEST_MEDIA_TYPES: readonly string[] = [
  OCI_INDEX,
  DOCKER_MANIFEST_LIST,
  OCI_MANIFEST,
  DOCKER_MANIFEST,
];

/** A manifest of one image. */
export function isManifestType(mediaType: string): boolean {
  return mediaType === OCI_MANIFEST || mediaType === DOCKER_MANIFEST;
}

/** A list of manifests by platform. */
export function isIndexType(mediaType: string): boolean {
  return mediaType === OCI_INDEX || mediaType === DOCKER_MANIFEST_LIST;
}

/** Docker's first manifest format, which has neither sizes nor a configuration of its own. */
export function isSchema1Type(mediaType: string): boolean {
  return mediaType.startsWith("application/vnd.docker.distribution.manifest.v1+");
}

const CONFIG_TYPES: ReadonlySet<string> = new Set([
  "application/vnd.oci.image.config.v1+json",
  "application/vnd.docker.container.image.v1+json",
  // What early Docker and some registries recorded for the same document.
  "application/octet-stream",
  "application/json",
  "text/html",
  "",
]);

/** The configuration of a container image, as opposed to that of some other artifact. */
export function isImageConfigType(mediaType: string): boolean {
  return CONFIG_TYPES.has(mediaType);
}

const LAYER_PREFIXES = [
  "application/vnd.oci.image.layer.v1.tar",
  "application/vnd.oci.image.layer.nondistributable.v1.tar",
  "application/vnd.docker.image.rootfs.diff.tar",
  "application/vnd.docker.image.rootfs.foreign.diff.tar",
];
const LAYER_SUFFIXES: ReadonlySet<string> = new Set(["", "+gzip", ".gzip", "+zstd", ".zstd"]);

/** A layer: a tar stream, compressed or not. What compression it has is seen from its bytes. */
export function isLayerType(mediaType: string): boolean {
  return LAYER_PREFIXES.some((prefix) =>
    mediaType.startsWith(prefix) && LAYER_SUFFIXES.has(mediaType.slice(prefix.length))
  );
}

/** The type layers have in archives that do not record one. */
export const PLAIN_LAYER_TYPE = "application/vnd.oci.image.layer.v1.tar";
