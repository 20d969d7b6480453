/**
 * Gives the memory of bytes back at once, and with it that of everything else in their buffer.
 *
 * The garbage collector would do it too, but late: it sees only the small objects that stand for
 * large buffers. Bytes that were handed over to another thread are no longer here to be released.
 */
export function releaseBytes({ buffer }: Uint8Array): void {
  if (!(buffer instanceof ArrayBuffer) || buffer.detached) return;
  try {
    buffer.transfer(0);
  } catch (error) {
    // The pool of node:buffer, where small results of native code are, forbids it.
    if (!(error instanceof TypeError)) throw error;
  }
}
