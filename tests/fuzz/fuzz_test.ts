import { assert, assertEquals, assertNotEquals, assertStringIncludes } from "@std/assert";
import { crashersOf } from "./crashers.ts";
import { mutate } from "./mutation.ts";
import { Random } from "./random.ts";
import { runCampaign } from "./supervisor.ts";
import { TARGETS } from "./targets.ts";

/** Mutants in all; `deno task fuzz` takes as many as one likes. */
const COUNT = 3000;
const SEED = "test";

const total = TARGETS.reduce((sum, { weight }) => sum + weight, 0);

for (const { name, weight } of TARGETS) {
  Deno.test(`${name} keeps its promises with damaged input`, async () => {
    const files = crashersOf(name);
    const known = await runCampaign(
      { target: name, seed: SEED, from: 0, to: files.length, files },
    );
    assertEquals(known.findings.map(({ index, reason }) => [files[index], reason]), []);
    const to = Math.ceil(COUNT * weight / total);
    const { findings, accepted, refused } = await runCampaign(
      { target: name, seed: SEED, from: 0, to, files: null },
    );
    // To see one again: deno task fuzz --seed test --target NAME
    assertEquals(findings, []);
    assertEquals(accepted + refused, to);
  });
}

Deno.test("mutate() makes the same mutants of the same seed, and others of another", () => {
  const input = new Uint8Array(1000).map((_, index) => index);
  const mutants = (seed: string) => {
    const material = { random: new Random(seed), donors: [input], dictionary: ["x"], focus: [] };
    return Array.from({ length: 300 }, () => mutate(input, material));
  };
  assertEquals(mutants("a"), mutants("a"));
  assertNotEquals(mutants("a"), mutants("b"));
  assert(mutants("a").filter((mutant) => !same(mutant, input)).length > 250);
});

Deno.test("mutate() takes inputs without a byte", () => {
  const random = new Random("empty");
  const empty = new Uint8Array(0);
  for (let round = 0; round < 300; round++) {
    mutate(empty, { random, donors: [empty], dictionary: [], focus: [] });
  }
});

Deno.test("runCampaign() notices every kind of fault and goes on behind it", async () => {
  const orders = {
    accept: null,
    refuse: null,
    break: "TypeError: undefined is not a function",
    "cover up": "RangeError: Invalid length",
    "take memory": "MiB of memory",
    "take time": " ms",
    hang: "hangs",
    exit: "ends the process (3)",
    "accept more": null,
  };
  const directory = Deno.makeTempDirSync();
  try {
    const files = Object.keys(orders).map((order, index) => {
      Deno.writeTextFileSync(`${directory}/${index}`, order);
      return `${directory}/${index}`;
    });
    const { findings } = await runCampaign(
      { target: "bad", seed: "", from: 0, to: files.length, files, patience: 6000 },
    );
    const expected = Object.values(orders).flatMap((reason, index) =>
      reason === null ? [] : [{ index, reason }]
    );
    assertEquals(findings.map(({ index }) => index), expected.map(({ index }) => index));
    for (const { index, reason } of expected) {
      assertStringIncludes(findings.find((each) => each.index === index)?.reason ?? "", reason);
    }
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
});

function same(first: Uint8Array, second: Uint8Array): boolean {
  return first.length === second.length && first.every((byte, index) => byte === second[index]);
}
