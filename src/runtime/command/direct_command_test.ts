import { assertEquals, assertThrows } from "@std/assert";
import { EnrootError } from "../../diagnostics/mod.ts";
import { rcScript } from "../../image/layers/rc_script.ts";
import { directCommand } from "./direct_command.ts";
import { filesDouble } from "../../../tests/support/root_files_double.ts";

const RC = rcScript({
  ...{ env: [], labels: [], volumes: [], workingDir: "/srv" },
  ...{ entrypoint: ["/init", "-q"], cmd: ["serve"] },
}, "docker://x#y:z");
const IMAGE = { kind: "image" } as const;
const COMMENTS = "# This file is sourced by /etc/rc.\n\n  # Not this.\n";

Deno.test("directCommand() does what the script of the image says", () => {
  const files = filesDouble({ "/etc/rc": RC, "/etc/rc.local": COMMENTS });
  assertEquals(directCommand([], { rc: IMAGE, files }), {
    directory: "/srv",
    words: ["/init", "-q", "serve"],
  });
  assertEquals(directCommand(["a b"], { rc: IMAGE, files }).words, ["/init", "-q", "a b"]);
});

Deno.test("directCommand() skips the entrypoint where /etc/rc.local says so", () => {
  const files = filesDouble({ "/etc/rc": RC, "/etc/rc.local": 'exec "$@"\n' });
  assertEquals(directCommand(["/tool"], { rc: IMAGE, files }).words, ["/tool"]);
  assertEquals(directCommand([], { rc: IMAGE, files }).words, ["/init", "-q", "serve"]);
});

Deno.test("directCommand() takes the command itself without a script", () => {
  const none = { rc: { kind: "none" }, files: filesDouble({ "/etc/rc": RC }) } as const;
  assertEquals(directCommand(["/tool", "x"], none), { directory: null, words: ["/tool", "x"] });
  const bare = { rc: IMAGE, files: filesDouble() };
  assertEquals(directCommand(["/tool"], bare), { directory: null, words: ["/tool"] });
});

Deno.test("directCommand() says for what a shell is needed", () => {
  const files = filesDouble({ "/etc/rc": RC });
  for (
    const [args, situation, purpose] of [
      [["x"], { rc: { kind: "given", path: "/proc/self/fd/5" }, files }, "the command script"],
      [["x"], { rc: IMAGE, files: filesDouble({ "/etc/rc": "echo own\n" }) }, "/etc/rc"],
      [
        ["x"],
        { rc: IMAGE, files: filesDouble({ "/etc/rc": RC, "/etc/rc.local": "export A=1\n" }) },
        "/etc/rc.local",
      ],
    ] as const
  ) {
    const message = `Cannot find a shell for ${purpose}: the root file system has no /bin/sh`;
    assertThrows(() => directCommand(args, situation), EnrootError, message);
  }
  assertThrows(() => directCommand([], { rc: IMAGE, files: filesDouble() }), EnrootError, "shell");
});
