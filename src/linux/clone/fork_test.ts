import { assertEquals } from "@std/assert";
import { ordinaryMemory } from "./fork.ts";

Deno.test("fork() makes a child that computes and collects garbage by itself", () => {
  const { stdout, stderr } = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--allow-all",
      "--quiet",
      "--v8-flags=--no-concurrent-sparkplug",
      `${import.meta.dirname}/../../../tests/support/forking.ts`,
    ],
  }).outputSync();
  assertEquals(new TextDecoder().decode(stderr), "");
  assertEquals(new TextDecoder().decode(stdout).split("\n").sort(), [
    "",
    "executed",
    "the child finds 200000",
    "the orphan goes on",
    "the parent finds 200000, its child ended with 0",
  ]);
});

Deno.test("ordinaryMemory() leaves out what the kernel shows of itself", () => {
  const maps = [
    "1000-2000 r-xp 00000000 fe:00 17                           /usr/bin/[vdso]x",
    "7f2444a5b000-7f2444a5f000 r--p 00000000 00:00 0                          [vvar]",
    "7f2444a5f000-7f2444a61000 r--p 00000000 00:00 0                          [vvar_vclock]",
    "7f2444a61000-7f2444a63000 r-xp 00000000 00:00 0                          [vdso]",
    "7ffc3a6a0000-7ffc3a6c0000 rw-p 00000000 00:00 0                          [stack]",
    "ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]",
  ].join("\n");
  assertEquals([...new BigUint64Array(ordinaryMemory(maps).buffer)], [
    0n,
    0x7f2444a5b000n,
    0x7f2444a63000n,
    0xffff_ffff_0000n - 0x7f2444a63000n,
    0n,
    0n,
  ]);
  assertEquals([...new BigUint64Array(ordinaryMemory("").buffer)], [0n, 0xffff_ffff_0000n, 0n, 0n]);
});
