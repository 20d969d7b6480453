import { assert } from "@std/assert";
import { isZero } from "./zeros.ts";

Deno.test("isZero() sees any byte that is not zero, however the bytes are aligned", () => {
  const buffer = new Uint8Array(64);
  for (let start = 0; start < 9; start++) {
    for (let end = start; end < 40; end++) {
      const bytes = buffer.subarray(start, end);
      assert(isZero(bytes));
      for (let index = start; index < end; index++) {
        buffer[index] = 1;
        assert(!isZero(bytes), `${start} ${end} ${index}`);
        buffer[index] = 0;
      }
      // What lies outside does not count.
      buffer[end] = 1;
      if (start > 0) buffer[start - 1] = 1;
      assert(isZero(bytes));
      buffer.fill(0);
    }
  }
});
