import { EnrootError } from "../../diagnostics/mod.ts";
import { type Digest, isDigest } from "../../formats/oci/mod.ts";
import { DOCKER_HUB, DOCKER_HUB_NAMES } from "../../registry/mod.ts";

/** An image in a registry, as its user named it. */
export interface RegistryReference {
  /** The user to authenticate as; undefined to look for one in the credentials. */
  user: string | undefined;
  /** Host and optional port. */
  registry: string;
  /** The repository's whole path, `library/ubuntu`. */
  repository: string;
  /** The tag as written; undefined where none was. */
  tag: string | undefined;
  /** The manifest's digest as written. It wins over the tag. */
  digest: Digest | undefined;
}

const OFFICIAL_IMAGES = "library/";

const SCHEME = "docker://";
// Grammar of OCI distribution-spec, "Pulling manifests"; a name has at most 255 characters.
const COMPONENT = "[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*";
const REPOSITORY = new RegExp(`^(?=.{1,255}$)${COMPONENT}(?:/${COMPONENT})*$`);
const TAG = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/;
const DIGEST_SUFFIX = /[@:](sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/;
const BROKEN_DIGEST = /[@:](?:(?:sha\d+|md5|blake3):[^@:/]*|[a-z0-9]+:[0-9A-Fa-f]{32,})$/i;
const REGISTRY =
  /^(?:[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?$/;
const USER = /^[!-~]+$/;

/**
 * Parses `docker://[USER@][REGISTRY#]IMAGE[:TAG][@DIGEST]` and the plain Docker form
 * `docker://[USER@]REGISTRY/IMAGE[:TAG][@DIGEST]`.
 *
 * In the plain form the first part of the path is a registry if it has a `.` or a `:`; otherwise
 * the image is Docker Hub's. `IMAGE:DIGEST` is taken as `IMAGE@DIGEST`, as scripts write it for
 * versions that knew no other way.
 *
 * @throws {EnrootError} `Invalid image reference: URI`
 */
export function parseReference(uri: string): RegistryReference {
  if (!uri.startsWith(SCHEME)) throw invalid(uri);
  let rest = uri.slice(SCHEME.length);

  let digest: Digest | undefined;
  const suffix = DIGEST_SUFFIX.exec(rest)?.[1] ?? "";
  if (isDigest(suffix)) {
    digest = suffix;
    rest = rest.slice(0, -digest.length - 1);
  } else if (BROKEN_DIGEST.test(rest)) {
    // It would pass for user `IMAGE`, image `sha256` and a long tag.
    throw invalid(uri, "not a digest: sha256: and 64 hexadecimal digits, or sha512: and 128");
  }

  // A user name may have `@` in it (an address); nothing that follows it may.
  const at = rest.lastIndexOf("@");
  const user = at < 0 ? undefined : rest.slice(0, at);
  rest = rest.slice(at + 1);
  if (user !== undefined && !USER.test(user)) throw invalid(uri);

  const { registry, path } = splitRegistry(rest);
  if (!REGISTRY.test(registry)) throw invalid(uri);

  const colon = path.indexOf(":");
  const tag = colon < 0 ? undefined : path.slice(colon + 1);
  if (tag !== undefined && !TAG.test(tag)) throw invalid(uri);

  const image = colon < 0 ? path : path.slice(0, colon);
  const repository = registry === DOCKER_HUB && !image.includes("/")
    ? OFFICIAL_IMAGES + image
    : image;
  if (!REPOSITORY.test(repository)) {
    throw invalid(uri, /[A-Z]/.test(image) ? "image names are lower case" : undefined);
  }
  return { user, registry, repository, tag, digest };
}

function splitRegistry(rest: string): { registry: string; path: string } {
  const hash = rest.indexOf("#");
  if (hash >= 0) return { registry: canonical(rest.slice(0, hash)), path: rest.slice(hash + 1) };
  const slash = rest.indexOf("/");
  const first = rest.slice(0, Math.max(slash, 0));
  if (/[.:]/.test(first)) return { registry: canonical(first), path: rest.slice(slash + 1) };
  return { registry: DOCKER_HUB, path: rest };
}

function canonical(registry: string): string {
  return DOCKER_HUB_NAMES.includes(registry) ? DOCKER_HUB : registry;
}

/** What to ask the registry for: the digest, else the tag, else `latest`. */
export function manifestSelector(reference: RegistryReference): string {
  return reference.digest ?? reference.tag ?? "latest";
}

/**
 * The name an image gets where the user gives none: `nvidia+cuda+12` for `nvidia/cuda:12`, plain
 * `ubuntu` where the reference names neither tag nor digest.
 */
export function defaultName(reference: RegistryReference): string {
  const { registry, repository, tag, digest } = reference;
  const image = registry === DOCKER_HUB && repository.startsWith(OFFICIAL_IMAGES)
    ? repository.slice(OFFICIAL_IMAGES.length)
    : repository;
  const selector = digest ?? tag;
  return [...image.split("/"), ...(selector === undefined ? [] : [selector])].join("+");
}

/** The reference in full, for the record in the image: `docker://REGISTRY#IMAGE:TAG`. */
export function provenance(reference: RegistryReference): string {
  const { registry, repository, tag, digest } = reference;
  const name = `${SCHEME}${registry}#${repository}`;
  if (digest === undefined) return `${name}:${tag ?? "latest"}`;
  return tag === undefined ? `${name}@${digest}` : `${name}:${tag}@${digest}`;
}

/**
 * The error for a URI of no known scheme: says what to write instead where that can be guessed.
 */
export function unknownSchemeError(uri: string): EnrootError {
  return invalid(uri, fileHint(uri) ?? registryHint(uri));
}

function fileHint(path: string): string | undefined {
  if (isFile(`${path}/oci-layout`)) return `this is an OCI layout; write oci:${path}`;
  if (!isFile(path)) return undefined;
  return /\.(sqsh|squashfs|sqfs)$/.test(path)
    ? `this is a file; "enroot create ${path}" makes a container of a squashfs image`
    : `this is a file; write oci-archive:${path}, docker-archive:${path} or tar:${path}`;
}

function registryHint(uri: string): string | undefined {
  try {
    parseReference(SCHEME + uri);
    return `write ${SCHEME}${uri} for an image in a registry`;
  } catch {
    return undefined;
  }
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

function invalid(uri: string, hint?: string): EnrootError {
  return new EnrootError(
    `Invalid image reference: ${uri}${hint === undefined ? "" : ` (${hint})`}`,
  );
}
