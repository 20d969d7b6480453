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

Deno.test("containerTable() shows what a terminal would obey", () => {
  const image = { kind: "image", path: "/tmp/a b\\\u009b2J\u202e.sqsh" } as const;
  const table = containerTable(["stopped\u2066\x1b"], [
    processAt(7, { root: image, comm: "sh\u009b1m", command: "sh -c \u202eevil\x1b[2J" }),
  ], NOW);
  const [, first = "", second] = table.split("\n");
  assertEquals(
    first.slice(0, first.indexOf(" S ")).trimEnd(),
    "/tmp/a\\040b\\134\\302\\2332J\\342\\200\\256.sqsh  7    sh\\x9b1m",
  );
  assertEquals(first.slice(first.indexOf("4026532181") + 12), "sh -c \\u202eevil\\x1b[2J");
  assertEquals(second, "stopped\\342\\201\\246\\033");
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
