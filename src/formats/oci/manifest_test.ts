import { assertEquals, assertThrows } from "@std/assert";
import { EnrootError } from "../../diagnostics/mod.ts";
import {
  chooseManifest,
  type Digest,
  type ImageIndex,
  parseManifest,
  parsePlatform,
} from "./mod.ts";

const DIGEST: Digest = `sha256:${"ab".repeat(32)}`;
const OCI = "application/vnd.oci.image";
const DOCKER = "application/vnd.docker";

function bytes(document: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(document));
}

function descriptor(mediaType: string, rest: Record<string, unknown> = {}) {
  return { mediaType, digest: DIGEST, size: 5, ...rest };
}

function image(rest: Record<string, unknown> = {}) {
  return {
    schemaVersion: 2,
    config: descriptor(`${OCI}.config.v1+json`),
    layers: [descriptor(`${OCI}.layer.v1.tar+gzip`)],
    ...rest,
  };
}

function refuses(document: unknown, message: string, mediaType = "") {
  assertThrows(() => parseManifest(bytes(document), mediaType), EnrootError, message);
}

Deno.test("parseManifest() reads Docker and OCI manifests with every kind of layer", () => {
  const types = [
    `${OCI}.layer.v1.tar`,
    `${OCI}.layer.v1.tar+gzip`,
    `${OCI}.layer.v1.tar+zstd`,
    `${OCI}.layer.nondistributable.v1.tar+gzip`,
    `${DOCKER}.image.rootfs.diff.tar`,
    `${DOCKER}.image.rootfs.diff.tar.gzip`,
    `${DOCKER}.image.rootfs.diff.tar.zstd`,
    `${DOCKER}.image.rootfs.foreign.diff.tar.gzip`,
  ];
  const manifest = parseManifest(
    bytes(image({ layers: types.map((type) => descriptor(type, { urls: ["https://x/"] })) })),
    `${OCI}.manifest.v1+json`,
  );
  assertEquals(manifest, {
    kind: "image",
    config: { ...descriptor(`${OCI}.config.v1+json`), urls: [] },
    layers: types.map((type) => ({ ...descriptor(type), urls: ["https://x/"] })),
  });
});

Deno.test("parseManifest() takes a document for what it says it is, then for what it looks like", () => {
  const kind = (document: unknown, type: string) => parseManifest(bytes(document), type).kind;
  assertEquals(kind(image(), ""), "image");
  assertEquals(kind(image(), "text/plain"), "image");
  assertEquals(
    kind(image({ mediaType: `${OCI}.manifest.v1+json` }), `${OCI}.index.v1+json`),
    "image",
  );
  assertEquals(kind({ manifests: [] }, "application/json"), "index");
  assertEquals(
    kind({ mediaType: `${DOCKER}.distribution.manifest.list.v2+json`, manifests: null }, ""),
    "index",
  );
});

Deno.test("parseManifest() refuses a document that could be read as either kind", () => {
  refuses({ ...image(), manifests: [] }, "both a manifest and an index");
});

Deno.test("parseManifest() says what is wrong with Docker schema 1", () => {
  refuses({ schemaVersion: 1, fsLayers: [] }, "schema 1 is not supported");
  refuses({}, "schema 1", `${DOCKER}.distribution.manifest.v1+prettyjws`);
});

Deno.test("parseManifest() refuses artifacts that are no container images", () => {
  refuses(
    image({ config: descriptor("application/vnd.cncf.helm.config.v1+json") }),
    "not a container image",
  );
  refuses(
    image({ layers: [descriptor("application/vnd.in-toto+json")] }),
    "unsupported media type",
  );
  refuses(
    image({ layers: [descriptor(`${OCI}.layer.v1.tar+gzip+encrypted`)] }),
    "unsupported media type",
  );
  const old = image({ config: descriptor("application/octet-stream") });
  assertEquals(parseManifest(bytes(old)).kind, "image");
});

Deno.test("parseManifest() refuses malformed documents, saying where", () => {
  assertThrows(() => parseManifest(new Uint8Array([0x7b])), EnrootError, "not JSON");
  refuses([], "Cannot read image manifest: not an object");
  refuses({}, "unsupported media type");
  refuses(image({ config: undefined }), "image configuration in manifest: not an object");
  refuses(image({ layers: {} }), "layers of image manifest: not a list");
  const type = `${OCI}.layer.v1.tar`;
  const bad: [Record<string, unknown>, string][] = [
    [{ size: -1 }, "size of layer 1"],
    [{ size: 1.5 }, "size of layer 1"],
    [{ size: 2 ** 53 }, "size of layer 1"],
    [{ size: "5" }, "size of layer 1"],
    [{ digest: 5 }, "digest of layer 1"],
    [{ digest: "sha256:xyz" }, "sha256:xyz"],
    [{ digest: DIGEST.toUpperCase() }, "SHA256"],
    [{ digest: `${DIGEST}/../x` }, "../x"],
    [{ digest: `sha384:${"ab".repeat(48)}` }, "neither sha256:HEX nor sha512:HEX"],
    [{ urls: "x" }, "URLs of layer 1"],
  ];
  for (const [fields, message] of bad) {
    refuses(image({ layers: [descriptor(type, fields)] }), message);
  }
});

Deno.test("parseManifest() refuses documents that are too large", () => {
  assertThrows(
    () => parseManifest(new Uint8Array(4 * 1024 * 1024 + 1)),
    EnrootError,
    "larger than",
  );
});

function index(...platforms: (string | null)[]): ImageIndex {
  const manifest = parseManifest(bytes({
    manifests: platforms.map((name, at) => {
      const [os, architecture, variant] = name?.split("/") ?? [];
      return descriptor(`${OCI}.manifest.v1+json`, {
        size: at,
        ...(name === null ? {} : { platform: { os, architecture, variant } }),
      });
    }),
  }));
  if (manifest.kind !== "index") throw new Error("not an index");
  return manifest;
}

function choice(arch: string, ...platforms: (string | null)[]): number {
  return chooseManifest(index(...platforms), parsePlatform(arch)).size;
}

Deno.test("chooseManifest() finds the platform, its variant if there is one", () => {
  assertEquals(choice("x86_64", "linux/arm64", "linux/amd64"), 1);
  assertEquals(choice("amd64", "windows/amd64", "linux/amd64", "linux/amd64"), 1);
  assertEquals(choice("aarch64", "linux/arm/v7", "linux/arm64/v8"), 1);
  assertEquals(choice("arm64/v8", "linux/arm64"), 0);
  assertEquals(choice("arm64", "linux/arm64/v9", "linux/arm64/v8"), 1);
  assertEquals(choice("amd64", "linux/amd64/v3", "linux/amd64"), 1);
  assertEquals(choice("amd64/v3", "linux/amd64", "linux/amd64/v3"), 1);
  assertEquals(choice("amd64/v2", "linux/amd64/v3", "linux/amd64"), 1);
  assertEquals(choice("ppc64le", "linux/ppc64le"), 0);
});

Deno.test("chooseManifest() knows architectures by the names that uname gives them", () => {
  assertEquals(choice("amd64", "linux/aarch64", "linux/x86_64"), 1);
  assertEquals(choice("aarch64", "linux/x86_64", "linux/aarch64/v8"), 1);
  assertEquals(choice("arm64", "linux/aarch64/v9", "linux/aarch64"), 1);
});

Deno.test("chooseManifest() passes over attestations, and takes a nameless image for want of others", () => {
  assertEquals(choice("amd64", "unknown/unknown", "linux/amd64"), 1);
  assertEquals(choice("amd64", null, "linux/amd64"), 1);
  assertEquals(choice("amd64", null), 0);
});

Deno.test("chooseManifest() says which platforms there are when the one asked for is not", () => {
  assertThrows(
    () => choice("arm64", "linux/amd64", "linux/ppc64le", "linux/amd64", "unknown/unknown"),
    EnrootError,
    "Cannot find an image for linux/arm64: there is only linux/amd64, linux/ppc64le",
  );
  assertThrows(() => choice("arm64"), EnrootError, "there is none");
});

Deno.test("parsePlatform() understands the usual spellings", () => {
  const linux = (architecture: string, variant = "") => ({ os: "linux", architecture, variant });
  assertEquals(parsePlatform("x86_64"), linux("amd64"));
  assertEquals(parsePlatform("linux/aarch64"), linux("arm64"));
  assertEquals(parsePlatform("arm64/v8"), linux("arm64", "v8"));
  for (const text of ["", "mips", "amd64/x", "amd64/v1/v2", "windows/amd64", "AMD64"]) {
    assertThrows(() => parsePlatform(text), EnrootError, `Invalid argument: ${text}`);
  }
});
