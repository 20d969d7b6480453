import { createHash, type Hash } from "node:crypto";
import { EnrootError } from "../../diagnostics/mod.ts";

/**
 * The name of content by its hash: `sha256:` and 64 lower-case hexadecimal digits, or `sha512:` and
 * 128 (OCI image specification, descriptor.md, "Registered algorithms").
 */
export type Digest = `sha256:${string}` | `sha512:${string}`;

type Algorithm = "sha256" | "sha512";

const GRAMMAR = /^(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/;

/** Tells whether text is a digest we can verify. */
export function isDigest(text: string): text is Digest {
  return GRAMMAR.test(text);
}

/** Reads a digest. @throws {EnrootError} on another algorithm or a malformed one */
export function parseDigest(text: string): Digest {
  if (isDigest(text)) return text;
  throw new EnrootError(
    `Cannot use digest ${JSON.stringify(text.slice(0, 150))}: neither sha256:HEX nor sha512:HEX`,
  );
}

/** The digest of bytes that are at hand, by the algorithm of `like`; by SHA-256 without. */
export function digestOf(bytes: Uint8Array, like?: Digest): Digest {
  const algorithm = algorithmOf(like);
  return `${algorithm}:${createHash(algorithm).update(bytes).digest("hex")}`;
}

/** Computes a digest piece by piece. */
export class DigestBuilder {
  readonly #algorithm: Algorithm;
  readonly #hash: Hash;
  #size = 0;

  /** @param like a digest by the same algorithm: the one expected, mostly; SHA-256 without */
  constructor(like?: Digest) {
    this.#algorithm = algorithmOf(like);
    this.#hash = createHash(this.#algorithm);
  }

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
    return `${this.#algorithm}:${this.#hash.digest("hex")}`;
  }
}

function algorithmOf(digest: Digest | undefined): Algorithm {
  return digest?.startsWith("sha512:") ? "sha512" : "sha256";
}
