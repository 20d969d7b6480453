/**
 * The actions, one per verb: typed options in, exit code out.
 *
 * Each is a thin script over the rooms below; what it needs is loaded when it runs, not when this
 * door is opened, so that small commands start at once.
 */
import type { BatchOptions } from "./batch.ts";
import type { CacheOptions } from "./cache.ts";
import type { Context } from "./context.ts";
import type { CreateOptions } from "./create.ts";
import type { DigestOptions } from "./digest.ts";
import type { ExecOptions } from "./exec.ts";
import type { ExportOptions } from "./export.ts";
import type { ImportOptions } from "./import.ts";
import type { ListOptions } from "./list.ts";
import type { LoadOptions } from "./load.ts";
import type { RemoveOptions } from "./remove.ts";
import type { StartOptions } from "./start.ts";

export type {
  BatchOptions,
  CacheOptions,
  Context,
  CreateOptions,
  DigestOptions,
  ExecOptions,
  ExportOptions,
  ImportOptions,
  ListOptions,
  LoadOptions,
  RemoveOptions,
  StartOptions,
};

/** Starts the container that a configuration script names. */
export async function batch(options: BatchOptions, context: Context): Promise<number> {
  return await (await import("./batch.ts")).batch(options, context);
}

/** Shows, checks or empties the cache of downloaded blobs. */
export async function cache(options: CacheOptions, context: Context): Promise<number> {
  return (await import("./cache.ts")).cache(options, context);
}

/** Prints what the host has and lacks for running containers. */
export async function check(context: Context): Promise<number> {
  return await (await import("./check.ts")).check(context);
}

/** Makes a container of an image file. */
export async function create(options: CreateOptions, context: Context): Promise<number> {
  return await (await import("./create.ts")).create(options, context);
}

/** Prints the digest of an image in a registry. */
export async function digest(options: DigestOptions, context: Context): Promise<number> {
  return (await import("./digest.ts")).digest(options, context);
}

/** Runs a command in a running container. */
export async function exec(
  options: ExecOptions,
  context: () => Promise<Context>,
): Promise<number> {
  return await (await import("./exec.ts")).exec(options, context);
}

/** Makes an image file of a container. */
export async function exportContainer(options: ExportOptions, context: Context): Promise<number> {
  return await (await import("./export.ts")).exportContainer(options, context);
}

/** Makes an image file of an image elsewhere. */
export async function importImage(options: ImportOptions, context: Context): Promise<number> {
  return await (await import("./import.ts")).importImage(options, context);
}

/** Prints the version and the settings in force. */
export async function info(context: Context): Promise<number> {
  return (await import("./info.ts")).info(context);
}

/** Prints the containers. */
export async function list(options: ListOptions, context: Context): Promise<number> {
  return await (await import("./list.ts")).list(options, context);
}

/** Makes a container of an image elsewhere. */
export async function load(options: LoadOptions, context: Context): Promise<number> {
  return await (await import("./load.ts")).load(options, context);
}

/** Removes containers. */
export async function remove(options: RemoveOptions, context: Context): Promise<number> {
  return (await import("./remove.ts")).remove(options, context);
}

/** Starts a container. */
export async function start(options: StartOptions, context: Context): Promise<number> {
  return await (await import("./start.ts")).start(options, context);
}

/** Prints the version. */
export async function version(): Promise<number> {
  return (await import("./version.ts")).version();
}
