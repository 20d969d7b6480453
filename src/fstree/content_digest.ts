import { createHash, type Hash } from "node:crypto";

/**
 * Begins a digest of contents. It is cryptographic, so that nobody can craft a file that is taken
 * for another one.
 */
export function contentHash(): Hash {
  return createHash("sha256");
}

/** What a hash of contents comes to, as text. */
export function contentDigest(hash: Hash): string {
  return hash.digest("base64");
}
