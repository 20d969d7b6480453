import { assertEquals } from "@std/assert";
import type { ContainerProcess } from "../runtime/mod.ts";
import { containerDocument } from "./container_document.ts";

function processAt(pid: number, root: ContainerProcess["root"]): ContainerProcess {
  return {
    ...{ pid, root, comm: "sh", command: "sh -c id", state: "S" },
    started: new Date(Date.UTC(2024, 5, 15, 13, 46, 58)),
    ...{ mountNamespace: "4026532182", userNamespace: "4026532181" },
  };
}

const fields = (pid: number) => ({
  ...{ pid, comm: "sh", state: "S", started: "2024-06-15T13:46:58.000Z" },
  ...{ mntns: 4026532182, userns: 4026532181, command: "sh -c id" },
});

Deno.test("containerDocument() lists containers, then images, then what is neither", () => {
  const document = containerDocument(
    [{ name: "box", path: "/data/box" }, { name: "idle", path: "/data/idle" }],
    [
      processAt(3, null),
      processAt(5, { kind: "image", path: "/b.sqsh" }),
      processAt(7, { kind: "directory", path: "/data/box" }),
      processAt(8, { kind: "image", path: "/a.sqsh" }),
      processAt(9, { kind: "directory", path: "/data/box" }),
    ],
  );
  assertEquals(JSON.parse(document), [
    { name: "box", rootfs: "/data/box", image: null, processes: [fields(7), fields(9)] },
    { name: "idle", rootfs: "/data/idle", image: null, processes: [] },
    { name: null, rootfs: null, image: "/a.sqsh", processes: [fields(8)] },
    { name: null, rootfs: null, image: "/b.sqsh", processes: [fields(5)] },
    { name: null, rootfs: null, image: null, processes: [fields(3)] },
  ]);
});

Deno.test("containerDocument() escapes what a terminal would obey", () => {
  const name = "a\u202e\u009b\x7f\u{e0041}";
  const document = containerDocument([{ name, path: "/data/a" }], []);
  assertEquals(JSON.parse(document)[0].name, name);
  assertEquals(document.includes('"name": "a\\u202e\\u009b\\u007f\\udb40\\udc41",\n'), true);
});

Deno.test("containerDocument() is an array even where there is nothing", () => {
  assertEquals(containerDocument([], []), "[]\n");
});
