import { type Digest, parseDigest } from "./digest.ts";
import { asObject, asOptionalList, asOptionalString, asSize, asString } from "./json.ts";

/** A reference to content: what it is, its digest and its size (OCI descriptor.md). */
export interface Descriptor {
  mediaType: string;
  digest: Digest;
  /** In bytes. */
  size: number;
  /** Where foreign content is to be had instead of the registry; often empty. */
  urls: string[];
}

/**
 * Reads a descriptor.
 *
 * @param what names it in errors
 * @throws {EnrootError} when a field is missing or malformed
 */
export function parseDescriptor(value: unknown, what: string): Descriptor {
  const object = asObject(value, what);
  return {
    mediaType: asOptionalString(object.mediaType, `media type of ${what}`),
    digest: parseDigest(asString(object.digest, `digest of ${what}`)),
    size: asSize(object.size, `size of ${what}`),
    urls: asOptionalList(object.urls, `URLs of ${what}`).map((url) =>
      asString(url, `URL of ${what}`)
    ),
  };
}
