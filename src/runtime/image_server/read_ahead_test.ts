import { assert, assertEquals } from "@std/assert";
import { OPCODE, Request } from "../../formats/fuse/mod.ts";
import { rangeBody, requestBytes } from "../../formats/fuse/testing/request_bytes.ts";
import { createSquashfsWriter, parseSquashfsOptions } from "../../formats/squashfs/mod.ts";
import { memoryImage } from "../../formats/squashfs/testing/memory_image.ts";
import {
  directory,
  file,
  noise,
  prose,
  symlink,
} from "../../formats/squashfs/testing/sample_tree.ts";
import { anonymousFile, close, pwrite } from "../../linux/mod.ts";
import { type Filler, ReadAhead } from "./read_ahead.ts";
import { ServedImage } from "./served_image.ts";

/** Defines a test; the C library stays loaded. */
function test(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, sanitizeResources: false, fn });
}

const BLOCK = 131072;
const FILES = 200;

/** An image of small files in one directory and two large ones, read by the test. */
async function sample({ options = "-noD", wanted = true } = {}) {
  const output = memoryImage();
  using writer = createSquashfsWriter(output.output, parseSquashfsOptions(options.split(" ")));
  const children: Parameters<typeof directory>[0] = {};
  for (let index = 0; index < FILES; index++) {
    const name = `small${String(index).padStart(3, "0")}`;
    children[name] = file(writer, prose(100 + index * 40, index));
    if (index % 10 === 5) children[`${name}link`] = symlink("small000");
    if (index % 10 === 7) children[`${name}empty`] = file(writer, new Uint8Array());
  }
  children.text = file(writer, prose(10 * BLOCK));
  children.noise = file(writer, noise(10 * BLOCK));
  await writer.finish(directory(children));
  const bytes = new Uint8Array(output.source.size);
  output.source.read(0, bytes);
  const imageFd = anonymousFile("test", { inherit: false });
  pwrite(imageFd, bytes, { offset: 0 });

  const image = new ServedImage({ imageFd, offset: 0, owner: null });
  const root = image.reader.root();
  const nodes = new Map(
    image.reader.readDirectory(root).map(({ name, reference }) => [
      name,
      image.nodeId(image.reader.readInode(reference)),
    ]),
  );
  const names = new Map([...nodes].map(([name, nodeId]) => [nodeId, name]));
  const filled: string[] = [];
  const note = (nodeId: number, offset: number, length: number) => {
    filled.push(`${names.get(nodeId) ?? nodeId} ${offset}+${length}`);
  };
  const filler: Filler = {
    fill: ({ nodeId, offset }, data) => note(nodeId, offset, data.length),
    fillFromImage: ({ nodeId, offset, length }) => note(nodeId, offset, length),
    flush() {},
  };
  const readAhead = new ReadAhead(image, { filler: () => wanted ? filler : null });
  const request = new Request();
  return {
    names: [...nodes.keys()],
    /** Reads from a file. @returns what is read ahead for that */
    read(name: string, offset = 0, size = 4096): string[] {
      const nodeId = nodes.get(name) ?? 0;
      const body = rangeBody(offset, size);
      const message = requestBytes({ opcode: OPCODE.READ, nodeId, body });
      request.buffer.set(message);
      request.receive(message.length);
      readAhead.note(request);
      return filled.splice(0);
    },
    [Symbol.dispose]: () => close(imageFd),
  };
}

for (const [name, options] of [["text", "-comp gzip -noF"], ["noise", "-noD"]] as const) {
  const what = name === "text" ? "decoded" : "stored";
  test(`ReadAhead completes the ${what} block of a page read at random, once`, async () => {
    using image = await sample({ options });
    assertEquals(image.read(name, 3 * BLOCK + 8192), [`${name} ${3 * BLOCK}+${BLOCK}`]);
    assertEquals(image.read(name, 3 * BLOCK + 65536), []);
    assertEquals(image.read(name, 7 * BLOCK + 4096), [`${name} ${7 * BLOCK}+${BLOCK}`]);
  });

  test(`ReadAhead leaves reading on in a ${what} file to the kernel`, async () => {
    using image = await sample({ options });
    for (let offset = 0; offset < 8 * BLOCK; offset += 32768) {
      assertEquals(image.read(name, offset, 32768), []);
    }
    assertEquals(image.read(name, 9 * BLOCK, BLOCK), [], "a whole block");
  });
}

test("ReadAhead asks for nothing where the cache cannot be filled", async () => {
  using image = await sample({ wanted: false });
  assertEquals(image.read("noise", BLOCK + 4096), []);
});

test("ReadAhead takes no notice of what is no file", async () => {
  using image = await sample();
  assertEquals(image.read("missing"), []);
  assertEquals(image.read("small005link"), []);
  assertEquals(image.read("text", 2 ** 52), []);
  assert(image.names.includes("small007empty"));
  assertEquals(image.read("small007empty"), []);
});
