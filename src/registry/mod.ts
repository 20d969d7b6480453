/**
 * Image registries: the pulling half of the OCI distribution specification, over HTTPS.
 *
 * Finds credentials, answers authentication challenges, follows redirections without taking secrets
 * along, tries again what failed in passing, and goes on where a download broke off. Never shows a
 * secret or a signed URL, never believes a size it can check. Knows nothing of platforms, caches or
 * layers. The only room that uses `fetch`.
 *
 * Rooms: `http` (connections, certificates, retries), `credentials` (files and helpers of logins).
 */
export { type ManifestDocument, type RegistryOptions, RepositoryClient } from "./client.ts";
export { DOCKER_HUB, DOCKER_HUB_NAMES } from "./http/registry_names.ts";
export type { Download } from "./download.ts";
