import { EnrootError } from "../../diagnostics/mod.ts";
import type { ScanBatch } from "./scan_batch.ts";
import type { ScanAnswer, ScanJob, ScanRequest } from "./scan_worker.ts";

/**
 * Scans the root filesystem of a container in a worker thread, which is some batches ahead. A batch
 * is good until the next one is asked for.
 *
 * @throws {EnrootError} naming the file that cannot be read
 */
export async function* scanBatches(job: ScanJob): AsyncGenerator<ScanBatch> {
  const worker = new Worker(new URL("./scan_worker.ts", import.meta.url), { type: "module" });
  const answers: ScanAnswer[] = [];
  let wake = () => {};
  const answer = (data: ScanAnswer) => {
    answers.push(data);
    wake();
  };
  const send = (message: ScanRequest, transfer: Transferable[] = []) =>
    worker.postMessage(message, transfer);
  worker.onmessage = ({ data }: MessageEvent<ScanAnswer>) => answer(data);
  worker.onerror = (event) => {
    event.preventDefault();
    answer({ failure: event.message });
  };
  try {
    send(job);
    for (;;) {
      const next = answers.shift();
      if (next === undefined) await new Promise<void>((resolve) => wake = resolve);
      else if (next === null) return;
      else if ("failure" in next) throw new EnrootError(next.failure);
      else {
        yield next;
        send(next.data, [next.data.buffer]);
      }
    }
  } finally {
    worker.terminate();
  }
}
