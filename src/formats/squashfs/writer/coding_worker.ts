/**
 * The worker thread of CodingPool: first message the coding, then blocks, each answered in turn with
 * its compressed bytes.
 */
import { type BlockCoding, codeBlock } from "./block_coding.ts";

/** What a dedicated worker finds around it, as far as it is used here. */
interface WorkerScope {
  onmessage: ((event: MessageEvent<BlockCoding | Uint8Array>) => void) | null;
  postMessage(message: Uint8Array, transfer: Transferable[]): void;
}

const scope = globalThis as unknown as WorkerScope;
let coding: BlockCoding | undefined;

scope.onmessage = ({ data }) => {
  if (!(data instanceof Uint8Array)) {
    coding = data;
  } else if (coding !== undefined) {
    const coded = codeBlock(coding, data);
    scope.postMessage(coded, [coded.buffer as ArrayBuffer]);
  }
};
