import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import { Crc64 } from "./crc64.ts";

/** The lengths of all sixteen kinds of checks, known or not (xz-file-format.txt §2.1.1.2). */
const LENGTHS = [0, 4, 4, 4, 8, 8, 8, 16, 16, 16, 32, 32, 32, 64, 64, 64] as const;
const CRC32 = 1;
const CRC64 = 4;
const SHA256 = 10;

/** A sum over the data of one block. */
export interface XzCheck {
  update(bytes: Uint8Array): void;
  /** The sum as it lies in the file, undefined if this kind of check is not known. */
  digest(): Uint8Array | undefined;
}

/** How many bytes a check of this kind (0–15) takes. */
export function checkLength(kind: number): number {
  return LENGTHS[kind] ?? 0;
}

/** Starts a check. One of an unknown kind checks nothing. */
export function startCheck(kind: number): XzCheck {
  switch (kind) {
    case CRC32: {
      let sum = 0;
      return {
        update: (bytes) => sum = crc32(bytes, sum),
        digest: () => u32Bytes(sum),
      };
    }
    case CRC64:
      return new Crc64();
    case SHA256: {
      const hash = createHash("sha256");
      return { update: (bytes) => hash.update(bytes), digest: () => hash.digest() };
    }
    default:
      return { update: () => {}, digest: () => undefined };
  }
}

/** A CRC-32 as it lies in the file. */
export function u32Bytes(value: number): Uint8Array {
  return new Uint8Array([value, value >>> 8, value >>> 16, value >>> 24]);
}
