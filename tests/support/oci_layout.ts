import { createHash } from "node:crypto";
import { gzipSync, zstdCompressSync } from "node:zlib";

/** A layer of {@link writeLayout}. */
export interface LayoutLayer {
  tar: Uint8Array;
  compression?: "gzip" | "zstd" | "none";
}

export interface LayoutImage {
  layers: LayoutLayer[];
  /** The object `config` of the image configuration. */
  run?: Record<string, unknown>;
  /** Fields of the image configuration that are to be others. */
  config?: Record<string, unknown>;
  architecture?: string;
  /** The name in the index. */
  name?: string;
}

const SUFFIXES = { gzip: "+gzip", zstd: "+zstd", none: "" };

/** Writes an OCI image layout with these images into an empty or missing directory. */
export function writeLayout(
  directory: string,
  images: LayoutImage[],
  algorithm: "sha256" | "sha512" = "sha256",
): void {
  Deno.mkdirSync(`${directory}/blobs/${algorithm}`, { recursive: true });
  const write = (bytes: Uint8Array, mediaType: string) => {
    const hex = createHash(algorithm).update(bytes).digest("hex");
    Deno.writeFileSync(`${directory}/blobs/${algorithm}/${hex}`, bytes);
    return {
      mediaType: `application/vnd.oci.image.${mediaType}`,
      digest: `${algorithm}:${hex}`,
      size: bytes.length,
    };
  };
  const manifests = images.map((image) => {
    const architecture = image.architecture ?? "amd64";
    const config = write(
      json({
        os: "linux",
        architecture,
        config: image.run ?? {},
        rootfs: {
          type: "layers",
          diff_ids: image.layers.map(({ tar }) =>
            `${algorithm}:${createHash(algorithm).update(tar).digest("hex")}`
          ),
        },
        ...image.config,
      }),
      "config.v1+json",
    );
    const layers = image.layers.map(({ tar, compression = "gzip" }) =>
      write(compressed(tar, compression), `layer.v1.tar${SUFFIXES[compression]}`)
    );
    const manifest = write(json({ schemaVersion: 2, config, layers }), "manifest.v1+json");
    return {
      ...manifest,
      platform: { os: "linux", architecture },
      ...(image.name === undefined
        ? {}
        : { annotations: { "org.opencontainers.image.ref.name": image.name } }),
    };
  });
  Deno.writeFileSync(`${directory}/index.json`, json({ schemaVersion: 2, manifests }));
  Deno.writeFileSync(`${directory}/oci-layout`, json({ imageLayoutVersion: "1.0.0" }));
}

function compressed(tar: Uint8Array, compression: "gzip" | "zstd" | "none"): Uint8Array {
  switch (compression) {
    case "gzip":
      return gzipSync(tar);
    case "zstd":
      return zstdCompressSync(tar);
    case "none":
      return tar;
  }
}

function json(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}
