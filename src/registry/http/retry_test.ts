import { assert, assertEquals, assertRejects } from "@std/assert";
import { parseRetryAfter, withRetries } from "./retry.ts";
import { TransferError } from "./transfer_error.ts";

const signal = new AbortController().signal;

function failing(times: number, failure: "passing" | "final" = "passing") {
  let left = times;
  return () =>
    left-- > 0 ? Promise.reject(new TransferError("x", { failure })) : Promise.resolve("done");
}

Deno.test("withRetries() forgives so many passing failures, and no final one", async () => {
  assertEquals(await withRetries({ retries: 1, signal }, failing(1)), "done");
  await assertRejects(() => withRetries({ retries: 1, signal }, failing(2)), TransferError);
  await assertRejects(
    () => withRetries({ retries: 9, signal }, failing(1, "final")),
    TransferError,
  );
  await assertRejects(() =>
    withRetries({ retries: 9, signal }, () => Promise.reject(new Error("x")))
  );
});

Deno.test("withRetries() begins to count anew when there is progress", async () => {
  let reached = 0;
  const attempt = () =>
    ++reached < 4
      ? Promise.reject(new TransferError("x", { failure: "passing" }))
      : Promise.resolve(reached);
  assertEquals(await withRetries({ retries: 1, signal, progress: () => reached }, attempt), 4);
});

Deno.test("withRetries() stops waiting when it is told to", async () => {
  const controller = new AbortController();
  const wait = { failure: "passing", retryAfter: 60 } as const;
  const end = assertRejects(
    () =>
      withRetries(
        { retries: 1, signal: controller.signal },
        () => Promise.reject(new TransferError("x", wait)),
      ),
    Error,
    "enough",
  );
  const started = performance.now();
  setTimeout(() => controller.abort(new Error("enough")), 20);
  await end;
  assert(performance.now() - started < 5000);
});

Deno.test("parseRetryAfter() reads seconds and dates", () => {
  assertEquals(parseRetryAfter("120"), 120);
  const now = Date.parse("Wed, 21 Oct 2015 07:28:00 GMT");
  assertEquals(parseRetryAfter("Wed, 21 Oct 2015 07:28:30 GMT", now), 30);
  assertEquals(parseRetryAfter("Wed, 21 Oct 2015 07:27:00 GMT", now), 0);
  for (const nothing of [null, "", "soon", "1e99x"]) {
    assertEquals(parseRetryAfter(nothing), undefined);
  }
});
