import { createHash, type Hash } from "node:crypto";
import { EnrootError } from "../../diagnostics/mod.ts";

/**
 * The name of content by its SHA-256: `sha256:` and 64 lower-case hexadecimal digits (OCI image
 * specification, descriptor.md). The only algorithm that registries use in practice.
 */
export type Digest = `sha256:${string}`;

const GRAMMAR = /^sha256:[0-9a-f]{64}$/;

/** Tells whether text is a digest we can verify. */
export function isDigest(text: string): text is Digest {
  return GRAMMAR.test(text);
}

/** Reads a digest. @throws {EnrootError} on another algorithm or a malformed one */
export function parseDigest(text: string): Digest {
  if (isDigest(text)) return text;
  throw new EnrootError(`Cannot use digest ${JSON.stringify(text.slice(0, 150))}: not sha256:HEX`);
}

/** The digest of bytes that are at hand. */
export function digestOf(bytes: Uint8Array): Digest {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

/** Computes a digest piece by piece. */
export class DigestBuilder {
  readonly #hash: Hash = createHash("sha256");
  #size = 0;

  /** How many bytes were taken so far. */
  get size(): number {
    return this.#size;
  }

  update(bytes: Uint8Array): void {
    this.#hash.update(bytes);
    this.#size += bytes.length;
  }

  /** The digest of everything; the builder cannot be used afterwards. */
  finish(): Digest {
    return `sha256:${this.#hash.digest("hex")}`;
  }
}
