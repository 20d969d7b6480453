import { assertEquals } from "@std/assert";
import { localtime } from "./10_localtime.ts";
import { hookDouble, type HookSituation } from "../tests/support/hook_double.ts";

function run(situation: HookSituation) {
  const context = hookDouble(situation);
  localtime.run(context);
  return context.files;
}

const BERLIN = {
  "/etc/localtime": { kind: "link", target: "/usr/share/zoneinfo/Europe/Berlin" },
  "/usr/share/zoneinfo/Europe/Berlin": "TZif2 CET",
} as const;

Deno.test("localtime copies link and zone into an image without zones", () => {
  const files = run({ hostFiles: BERLIN });
  assertEquals(files.readLink("/etc/localtime"), "/usr/share/zoneinfo/Europe/Berlin");
  assertEquals(files.read("/etc/localtime"), "TZif2 CET");
});

Deno.test("localtime keeps a relative link and follows links between zones", () => {
  const files = run({
    hostFiles: {
      "/etc/localtime": { kind: "link", target: "../usr/share/zoneinfo/UTC" },
      "/usr/share/zoneinfo/UTC": { kind: "link", target: "Etc/UTC" },
      "/usr/share/zoneinfo/Etc/UTC": "TZif2 UTC",
    },
    files: { "/etc/localtime": "TZif2 old" },
  });
  assertEquals(files.readLink("/etc/localtime"), "../usr/share/zoneinfo/UTC");
  assertEquals(files.read("/etc/localtime"), "TZif2 UTC");
});

Deno.test("localtime writes nothing that is there", () => {
  assertEquals(run({ hostFiles: BERLIN, files: BERLIN }).writes, []);
});

Deno.test("localtime leaves a container alone when the host's is no link, or leads nowhere", () => {
  assertEquals(run({ hostFiles: { "/etc/localtime": "TZif2" } }).writes, []);
  assertEquals(run({}).writes, []);
  const dangling = { kind: "link", target: "/usr/share/zoneinfo/None" } as const;
  assertEquals(run({ hostFiles: { "/etc/localtime": dangling } }).writes, []);
});
