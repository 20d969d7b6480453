import { assert, assertEquals } from "@std/assert";
import { Crew } from "./crew.ts";
import { type QueueMemory, RequestQueue } from "./request_queue.ts";

const READ = new Uint8Array(80);

/** A crew whose helpers are the queues that the test takes from. */
function crewOf(most: number): { crew: Crew; helpers: RequestQueue[] } {
  const helpers: RequestQueue[] = [];
  const start = (memory: QueueMemory) => void helpers.push(new RequestQueue(memory));
  return { crew: new Crew({ most, start }), helpers };
}

/** Requests come as fast as they are answered, for so many milliseconds. */
function overload(crew: Crew, milliseconds = 60): void {
  for (let passed = 0; passed < milliseconds; passed++) crew.note(0, 1);
}

Deno.test("Crew calls for help when requests are kept waiting, and not when it waits for them", () => {
  const { crew, helpers } = crewOf(3);
  for (let index = 0; index < 10_000; index++) crew.note(0.02, 0.05);
  for (let index = 0; index < 10_000; index++) crew.note(index % 4 === 0 ? 0.5 : 0, 0.8);
  assert(!crew.busy);
  assertEquals(helpers.length, 0);
  overload(crew, 40);
  crew.note(20, 1);
  overload(crew, 40);
  assertEquals(helpers.length, 0);
  overload(crew);
  assert(crew.busy);
  assertEquals(helpers.length, 1);
});

Deno.test("Crew of one thread never hands anything over", () => {
  const { crew, helpers } = crewOf(0);
  overload(crew);
  assert(!crew.busy);
  assertEquals(helpers.length, 0);
});

/** Blocks that a crew with one helper gives to the helper, and keeps. */
const HELPERS_BLOCK = 1;
const OWN_BLOCK = 3;

Deno.test("Crew hands reads of one block to one helper, once that is ready", () => {
  const { crew, helpers } = crewOf(3);
  overload(crew);
  const [helper] = helpers;
  assert(!crew.handOver(READ, { block: HELPERS_BLOCK }));
  helper?.open();
  for (let round = 0; round < 3; round++) {
    assert(crew.handOver(READ, { block: HELPERS_BLOCK }));
    assert(!crew.handOver(READ, { block: OWN_BLOCK }));
  }
  assertEquals(helper?.length, 3);
});

Deno.test("Crew spreads blocks that are apart by any distance", () => {
  for (const distance of [1, 2, 64, 65536, 2 ** 33]) {
    const { crew, helpers } = crewOf(1);
    overload(crew);
    helpers[0]?.open();
    const into = new Uint8Array(128);
    let handedOver = 0;
    for (let index = 1; index <= 200; index++) {
      if (!crew.handOver(READ, { block: index * distance })) continue;
      helpers[0]?.take(into);
      helpers[0]?.done();
      handedOver++;
    }
    assert(handedOver > 60 && handedOver < 140, `${handedOver} of 200 at ${distance}`);
  }
});

Deno.test("Crew hands reads of whole blocks to a helper that is free, or to none", () => {
  const { crew, helpers } = crewOf(3);
  overload(crew);
  const [helper] = helpers;
  assert(!crew.handOver(READ, { block: null }));
  helper?.open();
  assert(crew.handOver(READ, { block: null }));
  assert(!crew.handOver(READ, { block: null }));
  helper?.take(new Uint8Array(128));
  helper?.done();
  assert(crew.handOver(READ, { block: null }));
});

Deno.test("Crew adds helpers while one is behindhand, as many as there may be", () => {
  const { crew, helpers } = crewOf(2);
  overload(crew);
  helpers[0]?.open();
  const into = new Uint8Array(128);
  for (let index = 0; index < 400; index++) {
    if (!crew.handOver(READ, { block: HELPERS_BLOCK }) || index < 50) continue;
    helpers[0]?.take(into);
    helpers[0]?.done();
  }
  assertEquals(helpers.length, 2);
  overload(crew);
  assertEquals(helpers.length, 2);
});

Deno.test("Crew stops handing over when nobody else is ever at work", () => {
  const { crew, helpers } = crewOf(1);
  overload(crew);
  const [helper] = helpers;
  helper?.open();
  const into = new Uint8Array(128);
  for (let index = 0; index < 300 && crew.busy; index++) {
    if (crew.handOver(READ, { block: HELPERS_BLOCK })) {
      helper?.take(into);
      helper?.done();
    }
  }
  assert(!crew.busy);
  // The helper is kept for the next time.
  overload(crew);
  assert(crew.busy);
  assertEquals(helpers.length, 1);
});

Deno.test("Crew sends helpers away that nobody needs, and gets new ones later", () => {
  const { crew, helpers } = crewOf(1);
  overload(crew);
  helpers[0]?.open();
  crew.note(9_000, 0.1);
  assert(helpers[0]?.ready);
  crew.handOver(READ, { block: HELPERS_BLOCK });
  crew.note(9_000, 0.1);
  assert(helpers[0]?.ready);
  crew.note(1_001, 0.1);
  assert(!helpers[0]?.ready);
  assert(!crew.handOver(READ, { block: HELPERS_BLOCK }));
  overload(crew);
  assertEquals(helpers.length, 2);
});
