import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { hasMessage, receiveDescriptor, sendDescriptor, socketPair } from "./descriptor_passing.ts";
import { close } from "../file/files.ts";
import { pipe, readSome, writeMessage } from "../file/pipe.ts";

// The C library stays loaded.
Deno.test("sendDescriptor() gives the other end a copy", { sanitizeResources: false }, () => {
  const [here, there] = socketPair();
  const { reader, writer } = pipe();
  assertEquals(hasMessage(there), false);
  sendDescriptor(here, writer);
  assert(hasMessage(there));
  close(writer);
  const copy = receiveDescriptor(there);
  assert(copy !== null);
  assertNotEquals(copy, -1);
  writeMessage(copy, "through the copy");
  assertEquals(readSome(reader), "through the copy");
  close(here);
  assert(hasMessage(there));
  assertEquals(receiveDescriptor(there), null);
  for (const fd of [there, copy, reader]) close(fd);
});

Deno.test("receiveDescriptor() ends where the other end has not read all", {
  sanitizeResources: false,
}, () => {
  const [here, there] = socketPair();
  writeMessage(there, "unread");
  close(here);
  assertEquals(receiveDescriptor(there), null);
  close(there);
});
