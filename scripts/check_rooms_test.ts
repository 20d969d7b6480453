import { assertEquals, assertMatch } from "@std/assert";
import { fileURLToPath } from "node:url";
import { ARROWS, checkRooms, readSources, roomOf } from "./check_rooms.ts";

Deno.test("checkRooms() finds nothing wrong with this repository", () => {
  assertEquals(checkRooms(readSources(fileURLToPath(new URL("../", import.meta.url)))), []);
});

Deno.test("checkRooms() allows an arrow to a room's door", () => {
  const text =
    'import { a } from "../linux/mod.ts";\nimport { EnrootError } from "../diagnostics/mod.ts";';
  assertEquals(checkRooms([{ path: "src/store/x.ts", text }]), []);
});

Deno.test("checkRooms() refuses an arrow that is not in the table", () => {
  const text = 'import {\n  a,\n} from "../runtime/mod.ts";';
  const faults = checkRooms([{ path: "src/store/x.ts", text }]);
  assertEquals(faults.length, 1);
  assertMatch(faults[0] ?? "", /store may import only formats\/oci, linux, diagnostics, bytes/);
});

Deno.test("checkRooms() refuses the inside of another room", () => {
  const text = 'import { a } from "../linux/libc.ts";';
  const [fault = ""] = checkRooms([{ path: "src/store/x.ts", text }]);
  assertMatch(fault, /inside of another room/);
});

Deno.test("checkRooms() sees lazy imports and re-exports", () => {
  const text = 'export { a } from "../cli/mod.ts";\nconst b = await import("../cli/mod.ts");';
  assertEquals(checkRooms([{ path: "src/linux/x.ts", text }]).length, 2);
});

Deno.test("checkRooms() takes no notice of comments", () => {
  const text = '/**\n * import { a } from "../cli/mod.ts";\n */\n// console.log(fetch("x"))';
  assertEquals(checkRooms([{ path: "src/linux/x.ts", text }]), []);
});

Deno.test("checkRooms() refuses a room nobody has drawn", () => {
  const text = 'import { a } from "../linux/mod.ts";';
  const [fault = ""] = checkRooms([{ path: "src/attic/x.ts", text }]);
  assertMatch(fault, /the room attic is unknown/);
});

Deno.test("checkRooms() refuses a cycle of files, but not of types", () => {
  const cycle = (keyword: string) => [
    { path: "src/linux/a.ts", text: 'import { b } from "./b.ts";' },
    { path: "src/linux/b.ts", text: `import ${keyword}{ a } from "./a.ts";` },
  ];
  assertMatch(
    checkRooms(cycle(""))[0] ?? "",
    /a\.ts → src\/linux\/b\.ts → src\/linux\/a\.ts: a cycle/,
  );
  assertEquals(checkRooms(cycle("type ")), []);
});

Deno.test("checkRooms() keeps globals in their rooms", () => {
  const file = (room: string, text: string) =>
    checkRooms([{ path: `src/${room}/x.ts`, text }]).length;
  assertEquals(file("registry", 'await fetch("x")'), 0);
  assertEquals(file("image", 'await fetch("x")'), 1);
  assertEquals(file("image", "source.fetch()"), 0);
  assertEquals(file("linux", 'Deno.dlopen("libc.so.6", {})'), 0);
  assertEquals(file("runtime", 'Deno.dlopen("libc.so.6", {})'), 1);
  assertEquals(file("commands", "Deno.exit(1)"), 1);
  assertEquals(file("formats/tar", "Deno.readFileSync(path)"), 1);
});

Deno.test("ARROWS has no cycle", () => {
  const depth = (room: string, above: string[]): number => {
    if (above.includes(room)) throw new Error([...above, room].join(" → "));
    return 1 + Math.max(0, ...(ARROWS[room] ?? []).map((next) => depth(next, [...above, room])));
  };
  for (const room of Object.keys(ARROWS)) depth(room, []);
});

Deno.test("roomOf() names a format by two parts", () => {
  assertEquals(roomOf("src/formats/tar/reader.ts"), "formats/tar");
  assertEquals(roomOf("src/cli/mod.ts"), "cli");
  assertEquals(roomOf("main.ts"), "main");
});

Deno.test("checkRooms() holds the arrows between rooms within a room", () => {
  const fault = (path: string, specifier: string) =>
    checkRooms([{ path, text: `import { a } from "${specifier}";` }])[0] ?? "";
  assertEquals(fault("src/runtime/start/x.ts", "../plan/plan.ts"), "");
  assertEquals(fault("src/runtime/plan/x.ts", "./plan.ts"), "");
  assertEquals(fault("src/runtime/applets.ts", "./tools/mount_tool.ts"), "");
  assertMatch(fault("src/runtime/plan/x.ts", "../start/launch.ts"), /plan may import only nothing/);
  assertMatch(fault("src/runtime/root/x.ts", "../mod.ts"), /root may import only plan/);
  assertMatch(fault("src/runtime/attic/x.ts", "../plan/plan.ts"), /attic is unknown/);
});
