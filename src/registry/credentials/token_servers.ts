import { DOCKER_HUB } from "../http/registry_names.ts";

/** Registries whose token server has a host of its own that is known to be theirs. */
const TOKEN_SERVERS: ReadonlyMap<string, string> = new Map([
  [DOCKER_HUB, "auth.docker.io"],
  ["nvcr.io", "authn.nvidia.com"],
]);

/**
 * Whether a host is known to be the token server of a registry. What a registry itself says of that
 * proves nothing: any registry can name any token server.
 */
export function isTokenServerOf(registry: string, host: string | undefined): boolean {
  return host !== undefined && TOKEN_SERVERS.get(registry) === host;
}

/**
 * Whether a registry is one that always speaks HTTPS, so that what keeps us from it is no reason to
 * try without encryption.
 */
export function alwaysSpeaksHttps(registry: string): boolean {
  return TOKEN_SERVERS.has(registry);
}
