/**
 * The worker thread of CodingPool: the first message is the coding; the others are blocks, each
 * answered in turn with its compressed bytes, or with the text of what went wrong.
 */
import { releaseBytes } from "../../../bytes/mod.ts";
import { messageOf } from "../../../diagnostics/mod.ts";
import { type BlockCoding, codeBlock } from "./block_coding.ts";

/** What a dedicated worker finds around it, as far as it is used here. */
interface WorkerScope {
  onmessage: ((event: MessageEvent<BlockCoding | Uint8Array>) => void) | null;
  postMessage(message: Uint8Array | string, transfer: Transferable[]): void;
}

const scope = globalThis as unknown as WorkerScope;
let coding: BlockCoding | undefined;

scope.onmessage = ({ data }) => {
  if (!(data instanceof Uint8Array)) {
    coding = data;
  } else if (coding !== undefined) {
    answer(coding, data);
  }
};

function answer(coding: BlockCoding, block: Uint8Array): void {
  try {
    const coded = codeBlock(coding, block);
    releaseBytes(block);
    scope.postMessage(coded, [coded.buffer as ArrayBuffer]);
  } catch (error) {
    scope.postMessage(messageOf(error), []);
  }
}
