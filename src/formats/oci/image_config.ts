import { EnrootError } from "../../diagnostics/mod.ts";
import { type Digest, parseDigest } from "./digest.ts";
import {
  asOptionalList,
  asOptionalObject,
  asOptionalString,
  asString,
  parseJsonObject,
} from "./json.ts";
import { parsePlatformFields, type Platform } from "./platform.ts";

/** The most bytes an image configuration may have. */
export const MAX_CONFIG_SIZE = 8 * 1024 * 1024;

/** How a container of the image is to be run. */
export interface RunConfig {
  /** `NAME=VALUE` each. */
  env: string[];
  entrypoint: string[];
  cmd: string[];
  /** Empty when not said. */
  workingDir: string;
  /** In the order of the document. */
  labels: [key: string, value: string][];
  /** Paths, sorted. */
  volumes: string[];
}

/** The configuration of an image (OCI config.md, Docker image spec v1.2). */
export interface ImageConfig {
  platform: Platform;
  run: RunConfig;
  /** Digests of the uncompressed layers, bottom first; empty when not recorded. */
  diffIds: Digest[];
}

/**
 * Reads an image configuration. Fields that real images leave out or set to null are empty.
 *
 * @throws {EnrootError} when it is malformed
 */
export function parseImageConfig(bytes: Uint8Array): ImageConfig {
  if (bytes.length > MAX_CONFIG_SIZE) {
    throw new EnrootError(`Cannot read image configuration: larger than ${MAX_CONFIG_SIZE} bytes`);
  }
  const document = parseJsonObject(bytes, "image configuration");
  const rootfs = asOptionalObject(document.rootfs, "rootfs of image configuration");
  return {
    platform: parsePlatformFields(document, "image configuration"),
    run: parseRunConfig(document.config),
    diffIds: asOptionalList(rootfs.diff_ids, "diff_ids of image configuration")
      .map((digest) => parseDigest(asString(digest, "diff_id of image configuration"))),
  };
}

/** The part of a configuration that says how to run it. */
export function parseRunConfig(value: unknown): RunConfig {
  const config = asOptionalObject(value, "config of image configuration");
  return {
    env: wordList(config.Env, "Env"),
    entrypoint: commandWords(config.Entrypoint, "Entrypoint"),
    cmd: commandWords(config.Cmd, "Cmd"),
    workingDir: word(asOptionalString(config.WorkingDir, "WorkingDir"), "WorkingDir"),
    labels: Object.entries(asOptionalObject(config.Labels, "Labels"))
      .map(([key, label]) => [key, asOptionalString(label, "value in Labels")]),
    volumes: Object.keys(asOptionalObject(config.Volumes, "Volumes"))
      .map((path) => word(path, "Volumes")).sort(),
  };
}

/** A command line. `[""]` is how Dockerfiles take an inherited one back. */
function commandWords(value: unknown, what: string): string[] {
  // Old images have plain strings here.
  const words = typeof value === "string" ? [word(value, what)] : wordList(value, what);
  return words.length === 1 && words[0] === "" ? [] : words;
}

function wordList(value: unknown, what: string): string[] {
  return asOptionalList(value, what).map((item) => word(asString(item, `word of ${what}`), what));
}

/** Refuses NUL, which no argument, variable or path can hold. */
function word(text: string, what: string): string {
  if (!text.includes("\0")) return text;
  throw new EnrootError(`Cannot read ${what} of image configuration: NUL character`);
}
