/**
 * The worker thread of a scan: walks through a root filesystem and reads its files.
 *
 * First it is sent its job, then the data of each batch when it is not needed any more. It answers
 * with batches, then null, or with the reason why it cannot go on.
 */
import type { ByteString } from "../../bytes/mod.ts";
import { messageOf } from "../../diagnostics/mod.ts";
import { openRoot } from "./open_root.ts";
import { type ScanBatch, ScanRecorder } from "./scan_batch.ts";
import { ScanWalk } from "./scan_walk.ts";

/** What to scan. */
export interface ScanJob {
  path: ByteString;
  /** Files of fewer bytes get a digest. */
  digestsBelow: number;
}

/** What the worker is sent: its job, or a buffer that is free. */
export type ScanRequest = ScanJob | Uint8Array<ArrayBuffer>;

export type ScanAnswer = ScanBatch | null | { failure: string };

/**
 * How much is read at once, in bytes, and how much may be on its way. A smaller buffer would be
 * filled sooner than a thread wakes up for it.
 */
const BUFFER_SIZE = 4 << 20;
const MAX_BUFFERS = 4;
/** Files without data do not fill a buffer. */
const MAX_CALLS = 1 << 16;

/** What a dedicated worker finds around it, as far as it is used here. */
interface WorkerScope {
  onmessage: ((event: MessageEvent<ScanRequest>) => void) | null;
  postMessage(message: ScanAnswer, transfer?: Transferable[]): void;
}

const scope = globalThis as unknown as WorkerScope;
const free: Uint8Array<ArrayBuffer>[] = [];
let made = 1;
let wake = () => {};

scope.onmessage = ({ data }) => {
  if (data instanceof Uint8Array) {
    free.push(data);
    wake();
  } else scan(data).catch((error) => scope.postMessage({ failure: messageOf(error) }));
};

async function scan({ path, digestsBelow }: ScanJob): Promise<void> {
  using descent = openRoot(path);
  const sink = new ScanRecorder();
  let buffer = new Uint8Array(BUFFER_SIZE);
  const send = () => {
    const batch = sink.take(buffer);
    scope.postMessage(batch, [batch.numbers.buffer, buffer.buffer]);
  };
  const walk = new ScanWalk(descent, { sink, buffer, digestsBelow });
  for (const filled of walk.run()) {
    if (filled === 0 && sink.length < MAX_CALLS) continue;
    send();
    buffer = await nextBuffer();
    walk.use(buffer);
  }
  send();
  scope.postMessage(null);
}

async function nextBuffer(): Promise<Uint8Array<ArrayBuffer>> {
  if (made < MAX_BUFFERS) {
    made++;
    return new Uint8Array(BUFFER_SIZE);
  }
  for (;;) {
    const buffer = free.pop();
    if (buffer !== undefined) return buffer;
    await new Promise<void>((resolve) => wake = resolve);
  }
}
