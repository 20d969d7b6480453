/**
 * A small image registry inside this process, for tests and for the demonstration: serves images
 * from memory on a loopback port, asks for credentials and misbehaves as told.
 */
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";

/** How the registry asks who somebody is. */
export type RegistryAuth =
  | { scheme: "basic"; user: string; password: string }
  | {
    scheme: "bearer";
    /** Whom tokens are given to; anybody if undefined. */
    login?: { user: string; password: string };
    /** Another token server than the registry itself. */
    realm?: string;
    /** After how many requests a token expires. */
    uses?: number;
  };

/**
 * Stands between a request and its answer. It may answer by itself, change the answer, or give
 * undefined to leave it as it is.
 */
export type Fault = (
  request: Request,
  answer: () => Response,
) => Response | Promise<Response> | undefined;

/** How to serve. */
export interface RegistryServerOptions {
  auth?: RegistryAuth;
  /** Certificate and key, in PEM, to serve HTTPS with. */
  tls?: { cert: string; key: string };
  fault?: Fault;
  /** Whether requests for a part of a blob get just that; they do if not said. */
  ranges?: boolean;
  /** What content is named by; SHA-256 if not said. */
  algorithm?: "sha256" | "sha512";
}

/** What an image consists of. */
export interface TestImage {
  /** Tar archives, compressed or not, bottom layer first. */
  layers: { bytes: Uint8Array<ArrayBuffer>; mediaType?: string; urls?: string[] }[];
  /** Digests of the layers' archives; the configuration tells none if absent. */
  diffIds?: string[];
  /** The `config` object of the image configuration: Env, Cmd, … */
  config?: Record<string, unknown>;
  architecture?: string;
  format?: "docker" | "oci";
}

/** A request that the registry got. */
export interface RecordedRequest {
  method: string;
  /** Path and query. */
  path: string;
  headers: Headers;
}

interface Manifest {
  bytes: Uint8Array<ArrayBuffer>;
  mediaType: string;
}

const OCI = "application/vnd.oci.image";
const DOCKER = "application/vnd.docker";
const TYPES = {
  docker: {
    manifest: `${DOCKER}.distribution.manifest.v2+json`,
    index: `${DOCKER}.distribution.manifest.list.v2+json`,
    config: `${DOCKER}.container.image.v1+json`,
    layer: `${DOCKER}.image.rootfs.diff.tar.gzip`,
  },
  oci: {
    manifest: `${OCI}.manifest.v1+json`,
    index: `${OCI}.index.v1+json`,
    config: `${OCI}.config.v1+json`,
    layer: `${OCI}.layer.v1.tar+gzip`,
  },
};

/** `sha256:…` of bytes. */
export function sha256(bytes: Uint8Array): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

/** A running registry. */
export class RegistryServer implements AsyncDisposable {
  readonly requests: RecordedRequest[] = [];
  fault: Fault | undefined;
  readonly #options: RegistryServerOptions;
  readonly #stop = new AbortController();
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #blobs = new Map<string, Uint8Array<ArrayBuffer>>();
  /** By `REPOSITORY:TAG` and `REPOSITORY@DIGEST`. */
  readonly #manifests = new Map<string, Manifest>();
  /** What tokens are still good for, in requests. */
  readonly #tokens = new Map<string, number>();

  constructor(options: RegistryServerOptions = {}) {
    this.#options = options;
    this.fault = options.fault;
    this.#server = Deno.serve({
      hostname: "127.0.0.1",
      port: 0,
      onListen() {},
      signal: this.#stop.signal,
      ...options.tls,
    }, (request) => this.#respond(request));
  }

  /** Stops at once, stalled connections and all. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#server.finished;
  }

  /** Host and port. */
  get address(): string {
    return `127.0.0.1:${this.#server.addr.port}`;
  }

  get origin(): string {
    return `${this.#options.tls === undefined ? "http" : "https"}://${this.address}`;
  }

  /** Stores an image under a tag. @returns the digest of its manifest */
  push(repository: string, tag: string, image: TestImage): string {
    const { mediaType, digest } = this.#storeImage(repository, image);
    this.#tag(repository, tag, { digest, mediaType });
    return digest;
  }

  /** Stores images of several platforms under one tag. @returns the digest of the index */
  pushIndex(repository: string, tag: string, images: TestImage[]): string {
    const format = images[0]?.format ?? "oci";
    const manifests = images.map((image) => ({
      ...this.#storeImage(repository, image),
      platform: { os: "linux", architecture: image.architecture ?? "amd64" },
    }));
    const mediaType = TYPES[format].index;
    const bytes = encode({ schemaVersion: 2, mediaType, manifests });
    return this.pushManifest(repository, tag, { bytes, mediaType });
  }

  /** Stores any document as a manifest. @returns its digest */
  pushManifest(repository: string, tag: string, manifest: Manifest): string {
    const digest = this.#digestOf(manifest.bytes);
    this.#manifests.set(`${repository}@${digest}`, manifest);
    this.#manifests.set(`${repository}:${tag}`, manifest);
    return digest;
  }

  /** Stores a blob. @returns its descriptor, but for the media type */
  pushBlob(bytes: Uint8Array<ArrayBuffer>): { digest: string; size: number } {
    const digest = this.#digestOf(bytes);
    this.#blobs.set(digest, bytes);
    return { digest, size: bytes.length };
  }

  #digestOf(bytes: Uint8Array): string {
    const { algorithm = "sha256" } = this.#options;
    return `${algorithm}:${createHash(algorithm).update(bytes).digest("hex")}`;
  }

  #storeImage(repository: string, image: TestImage) {
    const { layers, diffIds = [], config = {}, architecture = "amd64", format = "oci" } = image;
    const types = TYPES[format];
    const document = {
      schemaVersion: 2,
      mediaType: types.manifest,
      config: {
        mediaType: types.config,
        ...this.pushBlob(encode({
          os: "linux",
          architecture,
          config,
          rootfs: { type: "layers", diff_ids: diffIds },
        })),
      },
      layers: layers.map(({ bytes, mediaType = types.layer, urls }) => ({
        mediaType,
        ...(urls === undefined
          ? this.pushBlob(bytes)
          : { digest: this.#digestOf(bytes), size: bytes.length, urls }),
      })),
    };
    const bytes = encode(document);
    const digest = sha256(bytes);
    this.#manifests.set(`${repository}@${digest}`, { bytes, mediaType: types.manifest });
    return { mediaType: types.manifest, digest, size: bytes.length };
  }

  #tag(repository: string, tag: string, { digest }: { digest: string; mediaType: string }): void {
    const manifest = this.#manifests.get(`${repository}@${digest}`);
    if (manifest !== undefined) this.#manifests.set(`${repository}:${tag}`, manifest);
  }

  #respond(request: Request): Response | Promise<Response> {
    const { pathname, search } = new URL(request.url);
    this.requests.push({
      method: request.method,
      path: pathname + search,
      headers: new Headers(request.headers),
    });
    const answer = () => this.#answer(request);
    return this.fault?.(request, answer) ?? answer();
  }

  #answer(request: Request): Response {
    const { pathname } = new URL(request.url);
    if (pathname === "/token") return this.#issueToken(request);
    const refusal = this.#refusal(request);
    if (refusal !== undefined) return refusal;
    // What clients ask first, to see that it is a registry.
    if (pathname === "/v2/") return new Response("{}");
    const [, repository, kind, name = ""] =
      /^\/v2\/(.+)\/(manifests|blobs)\/([^/]+)$/.exec(pathname) ?? [];
    switch (kind) {
      case "manifests":
        return this.#manifest(`${repository}${name.includes(":") ? "@" : ":"}${name}`, request);
      case "blobs":
        return this.#blob(name, request);
      default:
        return failure(404, "NAME_UNKNOWN", "repository name not known to registry");
    }
  }

  #manifest(key: string, request: Request): Response {
    const manifest = this.#manifests.get(key);
    if (manifest === undefined) return failure(404, "MANIFEST_UNKNOWN", "manifest unknown");
    // Registries that hold only one format refuse others, or convert to what nobody can read.
    if (!request.headers.get("accept")?.includes(manifest.mediaType)) {
      return failure(404, "MANIFEST_UNKNOWN", "OCI manifest found, but Accept does not support it");
    }
    return new Response(manifest.bytes, {
      headers: {
        "content-type": manifest.mediaType,
        "docker-content-digest": this.#digestOf(manifest.bytes),
      },
    });
  }

  #blob(digest: string, request: Request): Response {
    const bytes = this.#blobs.get(digest);
    if (bytes === undefined) return failure(404, "BLOB_UNKNOWN", "blob unknown to registry");
    const start = Number(/^bytes=(\d+)-$/.exec(request.headers.get("range") ?? "")?.[1] ?? NaN);
    const headers = { "content-type": "application/octet-stream" };
    if (Number.isNaN(start) || this.#options.ranges === false) {
      return new Response(bytes, { headers });
    }
    if (start >= bytes.length) return failure(416, "RANGE_INVALID", "no such range");
    return new Response(bytes.subarray(start), {
      status: 206,
      headers: {
        ...headers,
        "content-range": `bytes ${start}-${bytes.length - 1}/${bytes.length}`,
      },
    });
  }

  /** The answer to a request that lacks the right credentials. */
  #refusal(request: Request): Response | undefined {
    const { auth } = this.#options;
    const authorization = request.headers.get("authorization") ?? "";
    switch (auth?.scheme) {
      case undefined:
        return undefined;
      case "basic":
        if (authorization === basic(auth)) return undefined;
        return failure(401, "UNAUTHORIZED", "authentication required", {
          "www-authenticate": 'Basic realm="test, registry"',
        });
      case "bearer": {
        const token = authorization.replace(/^Bearer /, "");
        const uses = this.#tokens.get(token) ?? 0;
        this.#tokens.set(token, uses - 1);
        if (uses > 0) return undefined;
        const repository = /^\/v2\/(.+)\/(?:manifests|blobs)\//.exec(new URL(request.url).pathname);
        return failure(401, "UNAUTHORIZED", "authentication required", {
          "www-authenticate": `Bearer realm="${auth.realm ?? `${this.origin}/token`}",` +
            `service="test, service",scope="repository:${repository?.[1]}:pull,push"`,
        });
      }
    }
  }

  #issueToken(request: Request): Response {
    const { auth } = this.#options;
    if (auth?.scheme !== "bearer") return failure(404, "UNSUPPORTED", "no token server");
    const { login, uses = Infinity } = auth;
    if (login !== undefined && request.headers.get("authorization") !== basic(login)) {
      return failure(401, "UNAUTHORIZED", "incorrect username or password");
    }
    const token = crypto.randomUUID();
    this.#tokens.set(token, uses);
    return Response.json({ token });
  }
}

/** Serves images; for each its name as in `REPOSITORY:TAG`. */
export function serveRegistry(
  images: Record<string, TestImage>,
  options: RegistryServerOptions = {},
): RegistryServer {
  const server = new RegistryServer(options);
  for (const [name, image] of Object.entries(images)) {
    const colon = name.lastIndexOf(":");
    server.push(name.slice(0, colon), name.slice(colon + 1), image);
  }
  return server;
}

function basic({ user, password }: { user: string; password: string }): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
}

function encode(document: unknown): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(JSON.stringify(document));
}

function failure(
  status: number,
  code: string,
  message: string,
  headers: Record<string, string> = {},
): Response {
  return Response.json({ errors: [{ code, message }] }, { status, headers });
}
