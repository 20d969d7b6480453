import { assertEquals } from "@std/assert";
import { parseServerArguments, serverArguments } from "./server_arguments.ts";

Deno.test("parseServerArguments() restores what serverArguments() wrote", () => {
  const task = {
    fuseFd: 7,
    clones: [8, 12, 13],
    imageFd: 9,
    offset: 2 ** 40,
    owner: { uid: 4294967294, gid: 0 },
  };
  const settled = { zeroMessageOpen: true, zeroMessageOpendir: false };
  for (const each of [task, { ...task, handover: { ready: 11, settled } }]) {
    assertEquals(parseServerArguments(serverArguments(each).map(String)), each);
  }
});
