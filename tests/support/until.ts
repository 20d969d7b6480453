/**
 * Waits until something is so, by looking again and again.
 *
 * @param options.seconds how long at most
 * @param options.interval milliseconds from look to look
 * @throws {Error} if it does not come true
 */
export async function until(
  isSo: () => boolean,
  { seconds = 60, interval = 10 }: { seconds?: number; interval?: number } = {},
): Promise<void> {
  const end = performance.now() + seconds * 1000;
  while (!isSo()) {
    if (performance.now() > end) throw new Error(`not so after ${seconds} s: ${isSo}`);
    await new Promise((resolve) => setTimeout(resolve, interval));
  }
}
