/** A helper that does nothing but count its calls (element 0) and say when it is sent away (1). */
import { type CallMemory, HelperCall } from "../../src/runtime/image/server/helper_call.ts";

addEventListener("message", (event) => {
  const { calls: memory, counted } = (event as MessageEvent<{
    calls: CallMemory;
    counted: Int32Array;
  }>).data;
  const calls = new HelperCall(memory);
  calls.come();
  while (calls.wait()) Atomics.add(counted, 0, 1);
  Atomics.store(counted, 1, 1);
  globalThis.close();
});
