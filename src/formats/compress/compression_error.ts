import { EnrootError } from "../../diagnostics/mod.ts";

/** Compressed data that cannot be read: malformed, cut short, too large, or of a kind we lack. */
export class CompressionError extends EnrootError {
  override name = "CompressionError";
}

/** The error for data of a format that cannot be read, in the words every decoder uses. */
export function decompressionError(format: string, reason: string): CompressionError {
  return new CompressionError(`Cannot decompress ${format} data: ${reason}`);
}

/** The error for input that ends before the data does. */
export function unexpectedEnd(format: string): CompressionError {
  return decompressionError(format, "unexpected end of data");
}

/** The error for input that decompresses to more than the caller allows. */
export function outputTooLarge(format: string, maxOutput: number): CompressionError {
  return decompressionError(format, `larger than ${maxOutput} bytes`);
}

/** What an error of node:zlib means, in the same words. */
export function nativeError(format: string, cause: unknown): CompressionError {
  const { code, message } = cause as { code?: string; message?: string };
  if (code === "Z_BUF_ERROR") return unexpectedEnd(format);
  const reason = (message ?? String(cause)).replace(/^Zstd decompress error: /, "");
  return new CompressionError(`Cannot decompress ${format} data: ${reason}`, { cause });
}
