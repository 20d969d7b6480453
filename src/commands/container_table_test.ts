import { assertEquals } from "@std/assert";
import type { ContainerProcess } from "../runtime/mod.ts";
import { containerTable } from "./container_table.ts";

const NOW = new Date(2024, 5, 15, 13, 48, 0);

function processAt(pid: number, given: Partial<ContainerProcess>): ContainerProcess {
  return {
    ...{ pid, root: null, comm: "bash", command: "/bin/bash", state: "S" },
    started: new Date(2024, 5, 15, 13, 46, 58),
    ...{ mountNamespace: "4026532182", userNamespace: "4026532181" },
    ...given,
  };
}

Deno.test("containerTable() aligns columns and sorts by name", () => {
  const command = "/bin/bash -c sleep 30; true";
  assertEquals(
    containerTable(["stopped", "c"], [
      processAt(20143, { root: { kind: "directory", path: "/data/c" }, command }),
      processAt(20144, { command }),
    ], NOW),
    `NAME       PID    COMM  STATE  STARTED  TIME   MNTNS       USERNS      COMMAND
<unknown>  20144  bash  S      13:46    01:02  4026532182  4026532181  /bin/bash -c sleep 30; true
c          20143  bash  S      13:46    01:02  4026532182  4026532181  /bin/bash -c sleep 30; true
stopped
`,
  );
});

Deno.test("containerTable() begins the further lines of a container with blanks", () => {
  const root = { kind: "directory", path: "/data/c" } as const;
  const lines = containerTable(["c"], [processAt(7, { root }), processAt(12, { root })], NOW)
    .split("\n");
  assertEquals(lines.slice(1).map((line) => line.slice(0, 11)), ["c     7    ", "      12   ", ""]);
});

Deno.test("containerTable() prints start and age as ps(1) does", () => {
  for (
    const [started, columns] of [
      [new Date(2024, 5, 15, 13, 47, 59), "13:47    00:01"],
      [new Date(2024, 5, 15, 0, 0, 0), "00:00    13:48:00"],
      [new Date(2024, 5, 4, 13, 48, 0), "Jun04    11-00:00:00"],
      [new Date(2023, 11, 31, 13, 48, 0), "2023     167-00:00:00"],
      // Clocks are set.
      [new Date(2024, 5, 15, 13, 49, 0), "13:49    00:00"],
    ] as const
  ) {
    const [, line = ""] = containerTable([], [processAt(7, { started })], NOW).split("\n");
    assertEquals(line.slice(line.indexOf("S ") + 7, line.indexOf("  4026")).trimEnd(), columns);
  }
});
