import { assertEquals } from "@std/assert";
import { rcScript } from "../../image/layers/rc_script.ts";
import { parseImageRc } from "./image_rc.ts";

const RUN = { env: [], entrypoint: [], cmd: [], workingDir: "", labels: [], volumes: [] };

const AWKWARD = ["", " ", "it's", "'", "''", '"', "$HOME", "a\nb", "\\'", "#", "exec 'x'"];

Deno.test("parseImageRc() reads what rcScript() writes", () => {
  for (
    const [entrypoint, cmd] of [
      [[], []],
      [["/init"], []],
      [[], ["/bin/tool", "-v"]],
      [["/a b", "it's"], ["c", "", "d"]],
      [AWKWARD, AWKWARD],
    ] as const
  ) {
    for (const workingDir of ["", "/srv", "/it's a\n'dir'", "relative"]) {
      const run = { ...RUN, entrypoint: [...entrypoint], cmd: [...cmd], workingDir };
      const labels: [string, string][] = [["a", "b\nc"]];
      assertEquals(parseImageRc(rcScript({ ...run, labels }, "docker://x#y:z")), {
        directory: workingDir.startsWith("/") ? workingDir : `/${workingDir}`,
        entrypoint,
        command: entrypoint.length + cmd.length === 0 ? ["/bin/sh"] : cmd,
      });
    }
  }
});

Deno.test("parseImageRc() leaves every other script to a shell", () => {
  const script = rcScript({ ...RUN, entrypoint: ["/init"] }, "docker://x#y:z");
  for (
    const other of [
      "",
      'exec "$@"\n',
      `${script}echo more\n`,
      script.replace("\nmkdir", "\nexport A=1\nmkdir"),
      script.replace("'/init'", "/init"),
      script.replace("exec '/init' \"$@\"", "exec '/other' \"$@\""),
      script.replace("cd '/'", "cd '/tmp'"),
    ]
  ) assertEquals(parseImageRc(other), null, other);
});
