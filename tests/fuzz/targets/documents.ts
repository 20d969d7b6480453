import { assert } from "@std/assert";
import {
  chooseManifest,
  parseEngineImage,
  parseImageConfig,
  parseManifest,
  parseSavedImages,
  platformName,
} from "../../../src/formats/oci/mod.ts";
import { rcScript } from "../../../src/image/layers/rc_script.ts";
import { type FuzzTarget, isEnrootRefusal, type Seed } from "../target.ts";

const DIGEST = `sha256:${"0123456789abcdef".repeat(4)}`;
const DIGESTS = /^(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/;
const WORDS: readonly string[] = [
  ...["null", "true", "-1", "0.5", "1e999", "{}", "[]", '""', '"\\u0000"', '"\\ud800"', "[[", "{"],
  ...['"__proto__":', '"constructor":', `"${DIGEST}"`, '"sha256:"', '"sha512:00"', "\xff", "\\"],
  ...[
    '"mediaType":"application/vnd.oci.image.index.v1+json",',
    '"schemaVersion":1,',
    "9007199254740993",
  ],
];

/** Manifests and indexes; the first of an index's images is chosen. */
export const manifestTarget: FuzzTarget = {
  name: "manifest",
  weight: 5,
  open: () => ({
    seeds: MANIFESTS.map(jsonSeed),
    dictionary: WORDS,
    run(input) {
      for (const type of ["", "application/vnd.oci.image.manifest.v1+json"]) {
        const document = parseManifest(input, type);
        const descriptors = document.kind === "image"
          ? [document.config, ...document.layers]
          : [chooseManifest(document, { os: "linux", architecture: "amd64", variant: "" })];
        for (const { digest, size, urls } of descriptors) {
          assert(DIGESTS.test(digest), "no digest");
          assert(Number.isSafeInteger(size) && size >= 0, "no size");
          assert(urls.every((url) => typeof url === "string"));
        }
      }
    },
    isRefusal: isEnrootRefusal,
  }),
};

/** Image configurations, and the scripts that are made from them. */
export const configTarget: FuzzTarget = {
  name: "config",
  weight: 5,
  open: () => ({
    seeds: CONFIGS.map(jsonSeed),
    dictionary: WORDS,
    run(input) {
      const { run, platform, diffIds } = parseImageConfig(input);
      assert(typeof platformName(platform) === "string");
      assert(diffIds.every((digest) => DIGESTS.test(digest)), "no digest");
      for (const word of [...run.env, ...run.cmd, ...run.entrypoint, run.workingDir]) {
        assert(typeof word === "string" && !word.includes("\0"), "no word");
      }
      const script = rcScript(run, "docker://registry.example#image:tag");
      const [comments = ""] = script.split("\n\n", 1);
      assert(comments.split("\n").every((line) => line.startsWith("# ")), "no comment");
    },
    isRefusal: isEnrootRefusal,
  }),
};

/** What container engines tell and save. */
export const engineTarget: FuzzTarget = {
  name: "engine",
  weight: 2,
  open: () => ({
    seeds: ENGINES.map(jsonSeed),
    dictionary: WORDS,
    run(input) {
      try {
        parseSavedImages(input);
      } catch (error) {
        if (!isEnrootRefusal(error)) throw error;
        // What the one says is not what the other saves.
        parseEngineImage(input);
      }
    },
    isRefusal: isEnrootRefusal,
  }),
};

function jsonSeed(document: unknown): Seed {
  return { bytes: new TextEncoder().encode(JSON.stringify(document, null, 1)) };
}

function descriptor(mediaType: string, more: Record<string, unknown> = {}) {
  return { mediaType, digest: DIGEST, size: 1234, ...more };
}

const OCI = "application/vnd.oci.image";
const DOCKER = "application/vnd.docker";

const MANIFESTS: readonly unknown[] = [
  {
    schemaVersion: 2,
    mediaType: `${OCI}.manifest.v1+json`,
    config: descriptor(`${OCI}.config.v1+json`),
    layers: [
      descriptor(`${OCI}.layer.v1.tar+gzip`),
      descriptor(`${OCI}.layer.nondistributable.v1.tar+zstd`, { urls: ["https://a.example/b"] }),
    ],
    annotations: { a: "b" },
  },
  {
    schemaVersion: 2,
    mediaType: `${DOCKER}.distribution.manifest.v2+json`,
    config: descriptor(`${DOCKER}.container.image.v1+json`),
    layers: [descriptor(`${DOCKER}.image.rootfs.diff.tar.gzip`)],
  },
  {
    schemaVersion: 2,
    mediaType: `${OCI}.index.v1+json`,
    manifests: [
      descriptor(`${OCI}.manifest.v1+json`, {
        platform: { os: "linux", architecture: "amd64" },
        annotations: { "org.opencontainers.image.ref.name": "latest" },
      }),
      descriptor(`${OCI}.manifest.v1+json`, {
        platform: { os: "linux", architecture: "arm64", variant: "v8", "os.version": "1" },
      }),
      descriptor(`${OCI}.manifest.v1+json`, {
        platform: { os: "unknown", architecture: "unknown" },
      }),
    ],
  },
  {
    schemaVersion: 1,
    name: "library/old",
    fsLayers: [{ blobSum: DIGEST }],
    history: [{ v1Compatibility: "{}" }],
  },
];

const RUN = {
  Env: ["PATH=/bin:/usr/bin", "A='b'\n"],
  Entrypoint: ["/entry point", "$(x)"],
  Cmd: ["sh", "-c", "echo 'a' \"b\" `c`"],
  WorkingDir: "/srv/../x",
  Labels: { "a.b": "first\nsecond", c: "" },
  Volumes: { "/data": {}, "/a b": {} },
  User: "1000:1000",
};

const CONFIGS: readonly unknown[] = [
  {
    architecture: "amd64",
    os: "linux",
    config: RUN,
    rootfs: { type: "layers", diff_ids: [DIGEST, DIGEST] },
    history: [{ created: "2020-01-01T00:00:00Z", empty_layer: true }],
  },
  { architecture: "arm64", variant: "v8", os: "linux", config: null, rootfs: { diff_ids: null } },
  { config: { Cmd: "plain string", Entrypoint: [""] } },
];

const ENGINES: readonly unknown[] = [
  [{ Config: "abc.json", RepoTags: ["a:b", "c/d:latest"], Layers: ["1/layer.tar", "2/layer.tar"] }],
  [{ Config: "blobs/sha256/abc", RepoTags: null, Layers: [] }],
  [{ Id: DIGEST, Os: "linux", Architecture: "amd64", Config: RUN }],
];
