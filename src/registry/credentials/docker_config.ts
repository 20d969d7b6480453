import { EnrootError } from "../../diagnostics/mod.ts";
import { readCredentialHelper } from "./credential_helper.ts";
import { DOCKER_HUB, namesOf } from "../http/registry_names.ts";
import type { Login, LoginWish, Secret } from "./login.ts";
import { readIfPresent } from "./private_file.ts";

/** The key that `docker login` stores Docker Hub's credentials under. */
const DOCKER_HUB_KEY = "https://index.docker.io/v1/";

/**
 * The files in which other tools keep credentials, first to look at first: docker-cli's
 * config.json and containers-auth.json(5).
 */
export function dockerConfigFiles(environment: Record<string, string | undefined>): string[] {
  const { REGISTRY_AUTH_FILE, XDG_RUNTIME_DIR, DOCKER_CONFIG, HOME } = environment;
  const files: string[] = [];
  if (REGISTRY_AUTH_FILE) files.push(REGISTRY_AUTH_FILE);
  if (XDG_RUNTIME_DIR) files.push(`${XDG_RUNTIME_DIR}/containers/auth.json`);
  if (DOCKER_CONFIG) files.push(`${DOCKER_CONFIG}/config.json`);
  else if (HOME) files.push(`${HOME}/.docker/config.json`);
  return files;
}

/**
 * Looks a login up in such a file: in the helper program for the registry, in the one for all, then
 * in the file itself.
 *
 * @throws {EnrootError} when the file is malformed or a helper fails
 */
export async function findDockerLogin(file: string, wish: LoginWish): Promise<Login | undefined> {
  const text = readIfPresent(file);
  if (text === undefined || text.trim() === "") return undefined;
  const { auths, credHelpers, credsStore } = parseConfig(text, file);
  const keys = keysOf(wish);

  const helperKey = keys.find((key) => typeof credHelpers[key] === "string");
  const helpers: [unknown, string][] = [
    ...(helperKey === undefined ? [] : [[credHelpers[helperKey], helperKey] as [unknown, string]]),
    [credsStore, wish.registry === DOCKER_HUB ? DOCKER_HUB_KEY : wish.registry],
  ];
  for (const [helper, key] of helpers) {
    if (typeof helper !== "string" || helper === "") continue;
    const found = await readCredentialHelper(helper, key);
    if (found !== undefined) return loginIfWished(found, { file, wish });
  }

  const byName = new Map(Object.entries(auths).map(([key, entry]) => [normalized(key), entry]));
  for (const key of keys) {
    const found = parseAuth(byName.get(normalized(key)), file);
    if (found !== undefined) return loginIfWished(found, { file, wish });
  }
  return undefined;
}

function loginIfWished(
  { user, secret }: { user: string; secret: Secret },
  { file, wish }: { file: string; wish: LoginWish },
): Login | undefined {
  // An identity token speaks for its owner, whatever the name is that it was stored with.
  const other = wish.user !== undefined && wish.user !== user && secret.kind === "password";
  if (other) return undefined;
  return {
    user,
    file,
    owner: "registry",
    incidental: wish.user === undefined,
    secret: () => Promise.resolve(secret),
  };
}

/** The keys to look under: the repository and what is above it, then the registry's names. */
function keysOf({ registry, repository }: LoginWish): string[] {
  const names = namesOf(registry);
  const keys: string[] = [];
  const parts = repository.split("/");
  for (let length = parts.length; length > 0; length--) {
    for (const name of names) keys.push(`${name}/${parts.slice(0, length).join("/")}`);
  }
  return [...keys, ...(registry === DOCKER_HUB ? [DOCKER_HUB_KEY] : []), ...names];
}

/** A key without the scheme and version of the URLs that old versions of docker wrote. */
function normalized(key: string): string {
  return key.replace(/^https?:\/\//, "").replace(/\/(v[12]\/?)?$/, "");
}

interface DockerConfig {
  auths: Record<string, unknown>;
  credHelpers: Record<string, unknown>;
  credsStore: unknown;
}

function parseConfig(text: string, file: string): DockerConfig {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    // The parser's message would quote the text, secrets and all.
    throw new EnrootError(`Cannot read ${file}: not JSON`);
  }
  const { auths, credHelpers, credsStore } = asRecord(document);
  return { auths: asRecord(auths), credHelpers: asRecord(credHelpers), credsStore };
}

function parseAuth(value: unknown, file: string): { user: string; secret: Secret } | undefined {
  const { auth, username, password, identitytoken } = asRecord(value);
  let user = typeof username === "string" ? username : "";
  let text = typeof password === "string" ? password : "";
  if (typeof auth === "string" && auth !== "") {
    const decoded = decodeBase64(auth, file);
    const colon = decoded.indexOf(":");
    if (colon < 0) throw new EnrootError(`Cannot read ${file}: malformed "auth"`);
    user = decoded.slice(0, colon);
    text = decoded.slice(colon + 1).replace(/\0+$/, "");
  }
  if (typeof identitytoken === "string" && identitytoken !== "") {
    return { user, secret: { kind: "identity token", text: identitytoken } };
  }
  return user === "" || text === "" ? undefined : { user, secret: { kind: "password", text } };
}

function decodeBase64(text: string, file: string): string {
  try {
    return new TextDecoder().decode(Uint8Array.from(atob(text), (char) => char.charCodeAt(0)));
  } catch {
    throw new EnrootError(`Cannot read ${file}: malformed "auth"`);
  }
}

function asRecord(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? value as Record<string, unknown> : {};
}
