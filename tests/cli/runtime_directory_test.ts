import { assertEquals, assertMatch } from "@std/assert";
import { makeHome, runEnroot, TEST_UID } from "../support/enroot.ts";
import { makeContainer } from "../support/host_container.ts";
import { type Needs, requiring } from "../support/requires.ts";

const NEEDS: Needs = { userNamespaces: true, other: existingDirectory() };

/** An environment in which only the temporary directory is left to work in. */
const CLOSED_RUN = { XDG_RUNTIME_DIR: undefined };

Deno.test({
  ...requiring(NEEDS, "start uses a private directory where there is no XDG_RUNTIME_DIR"),
  async fn() {
    using home = makeHome();
    await makeContainer(home, "box");
    const { code, stdout, stderr } = await runEnroot(["start", "box", "sh", "-c", "echo up"], {
      home,
      env: CLOSED_RUN,
    });
    assertEquals([code, stdout, stderr], [0, "up\n", ""]);
    const { isDirectory, mode } = Deno.statSync(`${home.env["TMPDIR"]}/enroot-${TEST_UID}`);
    assertEquals([isDirectory, (mode ?? 0) & 0o7777], [true, 0o700]);
  },
});

Deno.test({
  ...requiring(NEEDS, "start refuses a private directory that others may enter"),
  async fn() {
    using home = makeHome();
    await makeContainer(home, "box");
    Deno.mkdirSync(`${home.env["TMPDIR"]}/enroot-${TEST_UID}`);
    const { code, stderr } = await runEnroot(["start", "box", "true"], { home, env: CLOSED_RUN });
    assertEquals(code, 1);
    assertMatch(
      stderr,
      /^\[ERROR\] Cannot use directory .*\/enroot-\d+: it is not private to uid \d+\n$/,
    );
  },
});

/** Where root has made the directory for everybody, nobody needs one of his own. */
function existingDirectory(): string | undefined {
  try {
    Deno.statSync("/run/enroot");
    return "/run/enroot exists";
  } catch {
    return undefined;
  }
}
