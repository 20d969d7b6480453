import {
  type Digest,
  digestOf,
  isDigest,
  MANIFEST_MEDIA_TYPES,
  MAX_MANIFEST_SIZE,
} from "../formats/oci/mod.ts";
import { logInfo } from "../diagnostics/mod.ts";
import { type Access, Authenticator } from "./authenticator.ts";
import { type Answer, discard, readBody } from "./http/body.ts";
import type { CredentialOptions } from "./credentials/credentials.ts";
import { type BlobKind, type Download, receive } from "./download.ts";
import { httpFailure } from "./http/http_failure.ts";
import { shownUrl } from "./http/redaction.ts";
import { alwaysSpeaksHttps } from "./credentials/token_servers.ts";
import { TransferError } from "./http/transfer_error.ts";
import { type HttpRequest, Transport, type TransportOptions } from "./http/transport.ts";

/** How to deal with registries: times, retries, permissions, where credentials are. */
export type RegistryOptions = TransportOptions & CredentialOptions;

/** A manifest or an index, as the registry sent it. */
export interface ManifestDocument {
  bytes: Uint8Array<ArrayBuffer>;
  digest: Digest;
  /** What the registry says it is; empty when it does not say. */
  mediaType: string;
}

const SIGNED_MANIFEST = "application/vnd.docker.distribution.manifest.v1+";

/** One repository of one registry, by the OCI distribution specification. */
export class RepositoryClient implements Disposable {
  readonly #access: Access;
  readonly #transport: Transport;
  readonly #authenticator: Authenticator;
  #protocol: "https" | "http" | undefined;
  #announced = false;

  constructor(access: Access, options: RegistryOptions) {
    this.#access = access;
    this.#transport = new Transport(options);
    this.#authenticator = new Authenticator(access, {
      credentials: options,
      transport: this.#transport,
    });
  }

  [Symbol.dispose](): void {
    this.#transport[Symbol.dispose]();
  }

  /**
   * Fetches a manifest or an index, whichever there is.
   *
   * @param selector a tag or a digest
   * @throws {EnrootError} when it cannot be had, is too large, or does not match its digest
   */
  fetchManifest(selector: string): Promise<ManifestDocument> {
    return this.#transport.transfer(`manifest ${selector}`, {
      attempt: async (signal) => {
        const path = `manifests/${selector}`;
        const answer = await this.#get(path, {
          headers: { accept: MANIFEST_MEDIA_TYPES.join(", ") },
          signal,
        });
        if (!answer.response.ok) throw await httpFailure(answer, this.#hint(answer));
        this.#authenticator.succeeded();
        return checkedManifest(answer, {
          selector,
          bytes: await readBody(answer, MAX_MANIFEST_SIZE),
        });
      },
    });
  }

  /**
   * Downloads a blob from where the download has got to: on from its last byte after a failure, and
   * from the start if the server knows no ranges.
   *
   * Complete means as many bytes as were announced; the digest is for the caller to check.
   *
   * @throws {EnrootError} when it cannot be had
   */
  download(download: Download, kind: BlobKind = "layer"): Promise<void> {
    const { digest, urls } = download.blob;
    let foreign = -1;
    return this.#transport.transfer(digest, {
      progress: () => download.received,
      attempt: async (signal) => {
        for (;;) {
          const headers = download.size > 0 ? { range: `bytes=${download.size}-` } : {};
          const url = urls[foreign];
          const answer = url === undefined
            ? await this.#get(`blobs/${digest}`, { headers, asSent: true, signal })
            : await this.#transport.send({ url: new URL(url), headers, asSent: true, signal });
          // Layers that may not be distributed are somewhere else, unless a mirror has them.
          if (answer.response.status === 404 && foreign + 1 < urls.length) {
            await discard(answer);
            foreign++;
            continue;
          }
          return receive(answer, { download, kind, hint: this.#hint(answer) });
        }
      },
    });
  }

  async #get(
    path: string,
    request: Omit<HttpRequest, "url" | "authorization">,
  ): Promise<Answer> {
    for (let renewed = false;; renewed = true) {
      const { authorization } = this.#authenticator;
      const answer = await this.#send(path, { ...request, authorization });
      // A redirection's target that asks for authentication is none of ours.
      const ours = answer.url.origin === this.#urlOf("").origin;
      if (answer.response.status !== 401 || !ours || renewed) return answer;
      try {
        if (!await this.#authenticator.renew(authorization, answer)) return answer;
      } catch (error) {
        await discard(answer);
        throw error;
      }
      await discard(answer);
    }
  }

  async #send(path: string, request: Omit<HttpRequest, "url">): Promise<Answer> {
    if (this.#protocol === undefined) {
      this.#announce();
      try {
        const answer = await this.#transport.send({ ...request, url: this.#urlOf(path) });
        this.#protocol = "https";
        return answer;
      } catch (error) {
        // A registry whose certificate is not trusted does speak HTTPS, and so does one that sent
        // us to a server which cannot be reached.
        const refused = error instanceof TransferError && error.failure === "unreachable" &&
          !this.#transport.hasAnswered(this.#urlOf(""));
        if (!refused || !this.#transport.allowHttp || alwaysSpeaksHttps(this.#access.registry)) {
          throw error;
        }
      }
      const url = this.#urlOf(path, "http");
      const answer = await this.#transport.send({ ...request, url });
      this.#protocol ??= "http";
      return answer;
    }
    return this.#transport.send({ ...request, url: this.#urlOf(path) });
  }

  #announce(): void {
    if (this.#announced) return;
    this.#announced = true;
    logInfo("Querying registry for permission grant");
  }

  #urlOf(path: string, protocol = this.#protocol ?? "https"): URL {
    const { registry, repository } = this.#access;
    return new URL(`${protocol}://${registry}/v2/${repository}/${path}`);
  }

  #hint({ response: { status } }: Answer): string {
    const { registry } = this.#access;
    switch (status) {
      case 401:
        return `no such image, or ${registry} wants other credentials; they belong in .credentials`;
      case 403:
        return "these credentials do not permit to pull it";
      case 404:
        return "no such image or tag, or it is private";
      default:
        return "";
    }
  }
}

function checkedManifest(
  { response: { headers }, url }: Answer,
  { selector, bytes }: { selector: string; bytes: Uint8Array<ArrayBuffer> },
): ManifestDocument {
  const mediaType = (headers.get("content-type") ?? "").replace(/;.*/s, "").trim();
  // Docker's schema 1 is signed, and announced with the digest of what was signed.
  const announced = mediaType.startsWith(SIGNED_MANIFEST)
    ? ""
    : headers.get("docker-content-digest") ?? "";
  const expected = [selector, announced].find(isDigest);
  const digest = digestOf(bytes, expected);
  if (expected !== undefined && expected !== digest) {
    throw new TransferError(`Cannot trust ${shownUrl(url)}: its digest is ${digest}`, {
      failure: "passing",
    });
  }
  return { bytes, digest, mediaType };
}
