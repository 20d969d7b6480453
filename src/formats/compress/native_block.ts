import { constants, createInflate, createZstdDecompress } from "node:zlib";

/** The formats whose blocks node:zlib decompresses. */
export type NativeFormat = "zlib" | "zstd";

/**
 * What is behind a stream of node:zlib. It is not part of the documented interface, so it is only
 * used where it is found to be as expected.
 */
interface NativeHandle {
  reset(): void;
  writeSync(
    flush: number,
    input: Uint8Array,
    inputStart: number,
    inputLength: number,
    output: Uint8Array,
    outputStart: number,
    outputLength: number,
  ): void;
  onerror: (...details: unknown[]) => void;
}

interface NativeStream {
  _handle?: Partial<NativeHandle> | null;
  /** Room left in the output and bytes left of the input. */
  _writeState?: Uint32Array;
}

/** A decompressor that serves block after block. */
interface NativeDecoder {
  handle: NativeHandle;
  state: Uint32Array;
  flush: number;
  failed: boolean;
}

const decoders: { [Format in NativeFormat]?: NativeDecoder | null } = {};

/**
 * Decompresses a block into memory the caller has, with a decompressor that is kept: the functions
 * of node:zlib make a new one, and new memory, for every block, which takes as long as the
 * decompression itself.
 *
 * @returns how many bytes there were, or null for a block that those functions had better be asked
 *   about: it is damaged, or does not leave room in `output`
 */
export function decodeNativeBlock(
  format: NativeFormat,
  input: Uint8Array,
  output: Uint8Array,
): number | null {
  const decoder = decoders[format] ??= makeDecoder(format);
  if (decoder === null) return null;
  const { handle, state, flush } = decoder;
  try {
    handle.reset();
    handle.writeSync(flush, input, 0, input.length, output, 0, output.length);
  } catch {
    decoder.failed = true;
  }
  const [left = 0] = state;
  if (!decoder.failed && left > 0) return output.length - left;
  // It is not promised that one that failed can be used again.
  delete decoders[format];
  return null;
}

function makeDecoder(format: NativeFormat): NativeDecoder | null {
  const stream = (format === "zlib" ? createInflate() : createZstdDecompress()) as NativeStream;
  const { _handle: handle, _writeState: state } = stream;
  if (!isUsable(handle) || state?.length !== 2) return null;
  const flush = format === "zlib" ? constants.Z_FINISH : constants.ZSTD_e_end;
  const decoder = { handle, state, flush, failed: false };
  handle.onerror = () => decoder.failed = true;
  return decoder;
}

function isUsable(handle: NativeStream["_handle"]): handle is NativeHandle {
  return typeof handle?.reset === "function" && typeof handle.writeSync === "function";
}
