import { assert, assertEquals } from "@std/assert";
import {
  close,
  isSyscallError,
  memoryAt,
  neverWait,
  pipe,
  readSome,
  sharedMemory,
} from "../../linux/mod.ts";
import { CacheFiller } from "./cache_filler.ts";
import { LANE, MESSAGE } from "./filler_process.ts";

/** Defines a test; the C library stays loaded. */
function test(name: string, fn: () => void): void {
  Deno.test({ name, sanitizeResources: false, fn });
}

/** A filler whose messages are read by the test, and its memory. */
function fillerWithPipe() {
  const { reader, writer } = pipe();
  for (const end of [reader, writer]) neverWait(end);
  const memory = sharedMemory("test", LANE.size);
  const remoteAddress = 0x20_0000_0000;
  const lane = { address: memory.address, remoteAddress, messages: writer };
  return {
    filler: new CacheFiller(lane),
    bytes: memoryAt(memory.address, LANE.size),
    /** The words of the messages that have been sent. */
    messages() {
      let text = "";
      try {
        for (;;) text += readSome(reader);
      } catch (error) {
        assert(isSyscallError(error, "EAGAIN"));
      }
      assertEquals(text.length % MESSAGE.size, 0);
      const view = new DataView(Uint8Array.from(text, (each) => each.charCodeAt(0)).buffer);
      return Array.from({ length: text.length / MESSAGE.size }, (_, index) => {
        const word = (at: number) => Number(view.getBigUint64(index * MESSAGE.size + at, true));
        return {
          load: [word(MESSAGE.loadLength), word(MESSAGE.loadPosition), word(MESSAGE.lastPosition)],
          data: word(MESSAGE.dataAddress) - remoteAddress,
          done: word(MESSAGE.doneAddress) - remoteAddress,
          file: [16, 24, 32].map((at) => word(MESSAGE.header + at)),
        };
      });
    },
    closeReader: () => close(reader),
    [Symbol.dispose]() {
      for (const fd of [writer, memory.fd]) close(fd);
    },
  };
}

/** Tells the filler that a message has been dealt with, as the process does. */
function finish(bytes: Uint8Array, { done }: { done: number }): void {
  bytes[done] = 1;
}

test("CacheFiller says where in the image a part of a file is", () => {
  using filling = fillerWithPipe();
  filling.filler.fillFromImage({ nodeId: 7, offset: 8192, length: 4096 }, 2 ** 40);
  filling.filler.flush();
  const [message] = filling.messages();
  assertEquals(message?.load, [4096, 2 ** 40, 2 ** 40 + 4095]);
  assertEquals(message?.file, [7, 8192, 4096]);
  filling.closeReader();
});

test("CacheFiller copies data to where the process finds it, and reuses room given back", () => {
  using filling = fillerWithPipe();
  const { filler, bytes } = filling;
  const block = new Uint8Array(600_000);
  const send = (value: number) => {
    filler.fill({ nodeId: 9, offset: 0 }, block.fill(value));
    filler.flush();
  };
  for (const value of [1, 2, 3]) send(value);
  const [one, two, three] = filling.messages();
  for (const [index, message] of [one, two, three].entries()) {
    assertEquals(message?.load, [0, 0, 0]);
    assertEquals(message?.file, [9, 0, 600_000]);
    assertEquals(bytes[message?.data ?? 0], index + 1);
    assertEquals(bytes[(message?.data ?? 0) + 599_999], index + 1);
  }
  send(4); // There is no room for it.
  if (one !== undefined) finish(bytes, one);
  send(5);
  const [fifth, ...more] = filling.messages();
  assertEquals([fifth?.data, more], [one?.data, []]);
  assertEquals(bytes[fifth?.data ?? 0], 5);
  assertEquals(bytes[two?.data ?? 0], 2);
  filling.closeReader();
});

test("CacheFiller leaves what a full pipe does not take, and goes on later", () => {
  using filling = fillerWithPipe();
  const { filler, bytes } = filling;
  for (let count = 0; count < 100_000; count++) {
    filler.fillFromImage({ nodeId: 1, offset: 0, length: 1 }, count);
  }
  // Many more than there are flags: none may be lost with a message.
  for (let count = 0; count < 1000; count++) {
    filler.fill({ nodeId: 2, offset: 0 }, Uint8Array.of(1));
    filler.flush();
  }
  assert(filling.messages().every(({ file: [nodeId] }) => nodeId === 1));
  for (let count = 0; count < 1000; count++) {
    filler.fill({ nodeId: 3, offset: count }, Uint8Array.of(1));
    filler.flush();
    for (const message of filling.messages()) if (message.done >= 0) finish(bytes, message);
  }
  filler.fill({ nodeId: 4, offset: 0 }, Uint8Array.of(44));
  filler.flush();
  const last = filling.messages().at(-1);
  assertEquals([last?.file[0], bytes[last?.data ?? 0]], [4, 44]);
  filling.closeReader();
});

test("CacheFiller does nothing more when the process is gone", () => {
  using filling = fillerWithPipe();
  filling.closeReader();
  for (let count = 0; count < 200; count++) {
    filling.filler.fill({ nodeId: 1, offset: 0 }, new Uint8Array(10));
    filling.filler.fillFromImage({ nodeId: 1, offset: 0, length: 1 }, 0);
    filling.filler.flush();
  }
});
