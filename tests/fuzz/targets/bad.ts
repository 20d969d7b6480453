import { byteString } from "../../../src/bytes/mod.ts";
import { EnrootError } from "../../../src/diagnostics/mod.ts";
import { type FuzzTarget, isEnrootRefusal } from "../target.ts";

/** A target with every fault that the supervisor must notice: it does what its input says. */
export const badTarget: FuzzTarget = {
  name: "bad",
  weight: 0,
  open: () => ({
    seeds: [{ bytes: new Uint8Array(1) }],
    run(input) {
      const order = byteString(input);
      switch (order) {
        case "accept":
          return;
        case "refuse":
          throw new EnrootError("Cannot read it: it is bad");
        case "break":
          throw new TypeError("undefined is not a function");
        case "cover up":
          throw new EnrootError("Cannot read it", { cause: new RangeError("Invalid length") });
        case "take memory":
          return void new Uint8Array(400 << 20).fill(1);
        case "take time":
          return wait(2500);
        case "hang":
          return wait(Infinity);
        case "exit":
          Deno.exit(3);
      }
    },
    isRefusal: isEnrootRefusal,
  }),
};

function wait(milliseconds: number): void {
  const end = performance.now() + milliseconds;
  while (performance.now() < end) continue;
}
