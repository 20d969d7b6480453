import { writeStdout } from "../diagnostics/mod.ts";
import { hostPlatform, parseReference, RegistrySource } from "../image/mod.ts";
import type { Context } from "./context.ts";

export interface DigestOptions {
  /** `docker://…` */
  uri: string;
  /** Of which architecture; the host's if not said. */
  arch?: string;
}

/** Prints the digest of an image's manifest: the one to pin it by. */
export async function digest(
  { uri, arch }: DigestOptions,
  { settings, environment }: Context,
): Promise<number> {
  const platform = hostPlatform(arch);
  const variables = { ...environment, ...Object.fromEntries(settings.variables) };
  const options = { ...settings, environment: variables };
  await using source = new RegistrySource(parseReference(uri), options);
  writeStdout(`${await source.digest(platform)}\n`);
  return 0;
}
