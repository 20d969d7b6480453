import { messageOf } from "../../diagnostics/mod.ts";
import { shownText, shownUrl } from "./redaction.ts";
import { TransferError } from "./transfer_error.ts";

/**
 * So does the runtime's TLS refuse a certificate that is marked as an authority's, wherever it is
 * trusted. It cannot be asked to check nothing but the server's possession of the key.
 */
const AUTHORITY_SERVES = "CaUsedAsEndEntity";

/** Whether a server was refused for nothing yet but that its certificate is an authority's. */
export function isAuthorityRefused(error: unknown): error is TransferError {
  return error instanceof TransferError && messageOf(error.cause).includes(AUTHORITY_SERVES);
}

/** The error for a request that got no answer. */
export function noAnswer(cause: unknown, url: URL): TransferError {
  if (cause instanceof TransferError) return cause;
  const words = wordsOf(cause, url);
  const text = `Cannot reach ${shownUrl(url)}: ${words}`;
  if (words.includes(AUTHORITY_SERVES)) {
    const hint = "its certificate is marked as an authority's (CA:TRUE), which must not serve: " +
      "make it anew with -addext basicConstraints=critical,CA:FALSE, or sign another with it";
    return new TransferError(`Cannot reach ${shownUrl(url)}: ${hint}`, {
      failure: "final",
      cause,
    });
  }
  if (words.includes("invalid peer certificate")) {
    return new TransferError(`${text} (SSL_CERT_FILE names further authorities to trust)`, {
      failure: "final",
      cause,
    });
  }
  if (words.startsWith("OpenSSL: ")) {
    // It did speak HTTPS, and has shown a certificate.
    return new TransferError(text, { failure: "final", cause });
  }
  if (words.includes("InvalidContentType")) {
    const hint = "it does not speak HTTPS (ENROOT_ALLOW_HTTP permits plain HTTP)";
    return new TransferError(`Cannot reach ${shownUrl(url)}: ${hint}`, {
      failure: "unreachable",
      cause,
    });
  }
  return new TransferError(text, { failure: "unreachable", cause });
}

/** The error for an answer that ended before it was complete. */
export function brokenOff(cause: unknown, url: URL): TransferError {
  return new TransferError(`Cannot read all of ${shownUrl(url)}: ${wordsOf(cause, url)}`, {
    failure: "passing",
    cause,
  });
}

/** The error for an answer that comes in too slowly to be worth another attempt. */
export function tooSlow(limit: number, url: URL): TransferError {
  const cause = `not complete after ${limit} s (ENROOT_CONNECT_TIMEOUT sets how long)`;
  return new TransferError(`Cannot read all of ${shownUrl(url)}: ${cause}`, { failure: "final" });
}

/** What the runtime says, without the URL that it puts before: a query can hold a signature. */
function wordsOf(cause: unknown, url: URL): string {
  const message = messageOf(cause)
    .replaceAll(url.href, shownUrl(url))
    .replace(/^error sending request for url \(\S*\): /, "")
    .replace(/^client error \(\w+\): /, "");
  return shownText(message);
}
