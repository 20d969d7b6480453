import { assert, assertEquals } from "@std/assert";
import { Crew } from "./crew.ts";
import { type CallMemory, callMemory, HelperCall } from "./helper_call.ts";

/** A crew whose helpers are played by the test. */
function crewOf(most: number) {
  const started: { calls: CallMemory; number: number }[] = [];
  const start = (calls: CallMemory, number: number) => void started.push({ calls, number });
  return { crew: new Crew({ most, start }), started };
}

/** Requests come as fast as they are answered, for so many milliseconds. */
function overload(crew: Crew, milliseconds = 60): void {
  for (let passed = 0; passed < milliseconds; passed++) crew.note(0, 1);
}

Deno.test("Crew starts a helper when requests are kept waiting, and not when it waits for them", () => {
  const { crew, started } = crewOf(3);
  for (let index = 0; index < 10_000; index++) crew.note(0.02, 0.05);
  for (let index = 0; index < 10_000; index++) crew.note(index % 4 === 0 ? 0.5 : 0, 0.8);
  assertEquals(started.length, 0);
  overload(crew, 40);
  crew.note(20, 1);
  overload(crew, 40);
  assertEquals(started.length, 0);
  overload(crew);
  assertEquals(started.map(({ number }) => number), [1]);
});

Deno.test("Crew of one thread starts no helper", () => {
  const { crew, started } = crewOf(0);
  overload(crew, 1000);
  assertEquals(started.length, 0);
});

Deno.test("Crew adds helpers while all have come and are at work, as many as there may be", () => {
  const { crew, started } = crewOf(2);
  overload(crew, 1000);
  assertEquals(started.length, 1, "the first has not come yet");
  const come = (index: number) => {
    const memory = started[index]?.calls;
    assert(memory !== undefined);
    new HelperCall(memory).come();
  };
  come(0);
  overload(crew);
  assertEquals(started.map(({ number }) => number), [1, 2]);
  come(1);
  overload(crew, 1000);
  assertEquals(started.length, 2);
});

/** Starts a real helper that counts its calls in memory of its own. */
function helperThread(
  calls: CallMemory,
): { worker: Worker; counted: Int32Array<SharedArrayBuffer> } {
  const counted = new Int32Array(new SharedArrayBuffer(8));
  const worker = new Worker(
    new URL("../../../../tests/support/counting_helper.ts", import.meta.url),
    {
      type: "module",
    },
  );
  worker.postMessage({ calls, counted });
  return { worker, counted };
}

async function until(condition: () => boolean): Promise<void> {
  for (let wait = 0; !condition(); wait++) {
    assert(wait < 1000, "waited in vain");
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

Deno.test("Crew calls a helper when several requests wait one after the other, and sends it away", async () => {
  const { crew, started } = crewOf(1);
  overload(crew);
  const [first] = started;
  assert(first !== undefined);
  const { worker, counted } = helperThread(first.calls);
  const calls = new HelperCall(first.calls);
  try {
    await until(() => calls.isOneAsleep);
    for (let index = 0; index < 100; index++) crew.note(index % 3 === 0 ? 0.01 : 0, 0.01);
    assertEquals(counted[0], 0, "nobody waits for long");
    for (let round = 1; round <= 3; round++) {
      for (let index = 0; index < 3; index++) crew.note(0, 0.01);
      await until(() => Atomics.load(counted, 0) === round && calls.isOneAsleep);
    }
    crew.note(10_001, 1);
    await until(() => Atomics.load(counted, 1) === 1);
    overload(crew);
    assertEquals(started.map(({ number }) => number), [1, 1], "it can be needed again");
  } finally {
    worker.terminate();
  }
});

Deno.test("Crew starts no helper any more when one has failed", () => {
  const { crew, started } = crewOf(1);
  overload(crew);
  const [first] = started;
  assert(first !== undefined);
  const helper = new HelperCall(first.calls);
  helper.come();
  helper.fail();
  crew.dismiss();
  overload(crew, 1000);
  assertEquals(started.length, 1);
});

Deno.test("HelperCall does not lose a call that comes before the helper sleeps", () => {
  const memory: CallMemory = callMemory();
  const [caller, helper] = [new HelperCall(memory), new HelperCall(memory)];
  helper.come();
  assertEquals(caller.ready, 1);
  caller.call();
  assert(helper.wait());
  caller.close();
  assert(!helper.wait());
});
