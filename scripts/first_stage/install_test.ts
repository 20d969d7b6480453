import { assertEquals, assertThrows } from "@std/assert";
import { InvalidExecutable, readExecutable } from "./executable.ts";
import { withFirstStage } from "./install.ts";
import { stageCode } from "./stage_code.ts";
import { ENTRY, type SegmentRow, SEGMENTS, testExecutable } from "./test_executable.ts";

for (const [architecture, machine] of [["x86_64", 62], ["aarch64", 183]] as const) {
  Deno.test(`withFirstStage() enters an ${architecture} executable by a segment of its own`, () => {
    const before = testExecutable({ machine });
    const after = withFirstStage(before);
    const { entry, segments, dataOffset } = readExecutable(after);
    const { header: _, ...stage } = segments[4] ?? { header: 0 };
    const code = stageCode(architecture, { start: entry, entry: ENTRY });
    // Behind everything that is loaded, at the same place of a page as in the file.
    assertEquals(stage, {
      ...{ type: 1, flags: 5, offset: 0x1310, address: 0x5310, align: 0x1000 },
      ...{ fileSize: code.length, memorySize: code.length },
    });
    assertEquals(entry, 0x5310);
    assertEquals(after.subarray(0x1310, 0x1310 + code.length), code);
    assertEquals(dataOffset, 0x1310 + code.length);
    assertEquals(after.subarray(dataOffset), before.subarray(0x1305));
    assertEquals(segments.slice(0, 4), readExecutable(before).segments.slice(0, 4));
  });
}

Deno.test("withFirstStage() changes nothing but the entry and one segment", () => {
  const before = testExecutable();
  const after = withFirstStage(before);
  const changed = [...before.subarray(0, 0x1305).keys()].filter((at) => before[at] !== after[at]);
  const note = 64 + 4 * 56;
  assertEquals(
    changed.filter((at) => !(at >= 24 && at < 32) && !(at >= note && at < note + 56)),
    [],
  );
  assertEquals(withFirstStage(before), after);
});

Deno.test("withFirstStage() refuses what it cannot change safely", () => {
  const [first, constants, code, data, note] = SEGMENTS as [
    SegmentRow,
    SegmentRow,
    SegmentRow,
    SegmentRow,
    SegmentRow,
  ];
  const executables: [bytes: Uint8Array, reason: string][] = [
    [new Uint8Array(70), "too short"],
    [new Uint8Array(200), "no ELF file"],
    [testExecutable({ machine: 3 }), "another architecture"],
    [testExecutable().subarray(0, -1), "no program data"],
    [testExecutable({ segments: [first, constants, code, data] }), "no segment of notes"],
    [testExecutable({ segments: [first, note, constants, code, data] }), "no segment of notes"],
    [testExecutable({ segments: [first, constants, data, note] }), "its entry lies outside"],
    [
      testExecutable({ segments: [...SEGMENTS, [1, 4, 0x1200, 0x9000, 0x106, 0x106]] }),
      "a segment lies outside",
    ],
    [withFirstStage(testExecutable()), "no segment of notes"],
  ];
  for (const [bytes, reason] of executables) {
    assertThrows(() => withFirstStage(bytes), InvalidExecutable, reason);
  }
});

Deno.test("readExecutable() never reads outside a damaged file", () => {
  const intact = testExecutable();
  for (let at = 0; at < 64 + 5 * 56; at++) {
    for (const value of [0, 1, 0x7f, 0xff]) {
      const damaged = intact.slice();
      damaged[at] = value;
      refusesOrAccepts(damaged);
    }
  }
  for (let length = 0; length < intact.length; length += 7) {
    refusesOrAccepts(intact.slice(0, length));
  }
  const data = intact.slice();
  for (const length of [0n, 15n, 5000n, 2n ** 63n]) {
    new DataView(data.buffer).setBigUint64(data.length - 8, length, true);
    assertThrows(() => readExecutable(data), InvalidExecutable);
  }
});

function refusesOrAccepts(bytes: Uint8Array): void {
  try {
    withFirstStage(bytes);
  } catch (error) {
    if (!(error instanceof InvalidExecutable)) throw error;
  }
}
