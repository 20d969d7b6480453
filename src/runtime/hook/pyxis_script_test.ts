import { assertEquals } from "@std/assert";
import { parsePyxisScript } from "./pyxis_script.ts";

const MOUNTS =
  'mounts() {\n\techo "/a\\040b /c x-create=auto,rbind"\n\techo "tmpfs /d x-create=dir"\n}\n';
const HOOKS = "hooks() {\n\techo 'exec \"$@\"' > ${ENROOT_ROOTFS}/etc/rc.local\n}\n";
const ENVIRON = 'environ() {\n\t[ -n "${PMIX_RANK-}" ] && echo "PMIX_RANK=${PMIX_RANK}" || :\n}\n';

Deno.test("parsePyxisScript() reads the three functions, escapes kept", () => {
  assertEquals(parsePyxisScript(MOUNTS + HOOKS + ENVIRON), {
    mounts: ["/a\\040b /c x-create=auto,rbind", "tmpfs /d x-create=dir"],
    variables: ["PMIX_RANK"],
    skipsEntrypoint: true,
  });
});

Deno.test("parsePyxisScript() reads an empty script", () => {
  assertEquals(parsePyxisScript(""), { mounts: [], variables: [], skipsEntrypoint: false });
});

Deno.test("parsePyxisScript() leaves everything that a shell would expand to a shell", () => {
  for (
    const script of [
      'mounts() {\n\techo "$HOME /c rbind"\n}\n',
      'mounts() {\n\techo "`id` /c rbind"\n}\n',
      'mounts() {\n\techo "/a\\$b /c rbind"\n}\n',
      'mounts() {\n\techo "/a" /b\n}\n',
      'mounts() {\n\techo "/a /b rbind"\n',
      MOUNTS + MOUNTS,
      `${MOUNTS}rm -rf /\n`,
      'environ() {\n\t[ -n "${A-}" ] && echo "A=${B}" || :\n}\n',
      "hooks() {\n\techo hello\n}\n",
      "rc() {\n\ttrue\n}\n",
    ]
  ) assertEquals(parsePyxisScript(script), null, script);
});
