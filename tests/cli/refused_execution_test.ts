/** What start says and does where the kernel refuses to execute. */
import { assertEquals, assertMatch } from "@std/assert";
import { programFiles, TEST_UID } from "../support/enroot.ts";
import { type ContainerHome, containerTest, sharedContainerHome } from "../support/container.ts";

const box = sharedContainerHome();

/** Has the container's own environment be something else for a while. */
async function withEnvironment(home: ContainerHome, text: string, action: () => Promise<void>) {
  const path = `${home.rootfs}/etc/environment`;
  const before = Deno.readTextFileSync(path);
  Deno.writeTextFileSync(path, text);
  try {
    await action();
  } finally {
    Deno.writeTextFileSync(path, before);
  }
}

for (const options of [[], ["--pid"]]) {
  const start = ["start", ...options].join(" ");
  containerTest(`${start} drops a variable that the kernel would not take`, async () => {
    const home = await box();
    const fits = "y".repeat(131071 - "FITS=".length);
    const text = `LONG=${"x".repeat(131072 - "LONG=".length)}\nFITS=${fits}\nSHORT=1\n`;
    await withEnvironment(home, text, async () => {
      const script = 'echo "${LONG-none} ${#FITS} $SHORT"';
      assertEquals(await home.enroot(["start", ...options, "box", "sh", "-c", script]), {
        code: 0,
        signal: null,
        stdout: `none ${fits.length} 1\n`,
        stderr:
          "[WARN] Ignoring the variable LONG: it has 131072 bytes, and the kernel takes 131071\n",
      });
    });
  });

  containerTest(`${start} says that the whole environment is too long`, async () => {
    const home = await box();
    const lines = Array.from({ length: 70 }, (_, index) => `V${index}=${"x".repeat(120_000)}\n`);
    await withEnvironment(home, lines.join(""), async () => {
      const { code, stdout, stderr } = await home.enroot(["start", ...options, "box", "true"]);
      assertEquals([code, stdout], [1, ""]);
      assertMatch(stderr, /^\[ERROR\] Cannot execute .*: Argument list too long.*\n$/);
    });
  });

  containerTest(`${start} says that a policy lets it execute nothing`, async () => {
    const home = await box();
    const kernel = { refuses: ["execveat"] } as const;
    const run = await home.enroot(["start", ...options, "box", "true"], { kernel });
    assertEquals([run.code, run.stdout], [1, ""]);
    assertMatch(
      run.stderr,
      /^\[ERROR\] Cannot execute a program of enroot's own: Operation not permitted \(.*\)\n$/,
    );
  });

  containerTest(`${start} does without files in memory where they are refused`, async () => {
    const home = await box();
    const kernel = { refuses: ["memfd_create"] } as const;
    const args = ["start", ...options, "box", "sh", "-c", "echo there"];
    const { code, stdout, stderr } = await home.enroot(args, { kernel });
    assertEquals([code, stdout, stderr], [0, "there\n", ""]);
  });
}

/** Runs a start in which the first such call of each process is refused, as a policy would. */
async function startRefused(call: string, args: string[]) {
  const home = await box();
  const { command, args: first, env } = programFiles();
  const { code, stdout, stderr } = await new Deno.Command("strace", {
    args: ["-f", "-o", "/dev/null", "-e", `inject=${call}:error=EPERM:when=1`]
      .concat(command, ...first, "start", ...args),
    env: { ...home.env, ...env },
    clearEnv: true,
    cwd: home.path,
    stdin: "null",
    ...(Deno.uid() === 0 ? { uid: TEST_UID, gid: TEST_UID } : {}),
  }).output();
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: decode(stdout), stderr: decode(stderr) };
}

containerTest("start goes on with a program on disk where one in memory is refused", async () => {
  const run = await startRefused("execveat", ["--pid", "box", "sh", "-c", "echo went on"]);
  assertEquals(run, { code: 0, stdout: "went on\n", stderr: "" });
}, { programs: ["strace"] });

containerTest("start has a word where the last exec alone is refused", async () => {
  const { code, stdout, stderr } = await startRefused("execveat", ["box", "true"]);
  assertEquals([code, stdout], [1, ""]);
  assertMatch(stderr, /^\[ERROR\] Cannot execute a program of enroot's own, .*\n$/);
}, { programs: ["strace"] });

containerTest("start follows a configuration script without files in memory", async () => {
  const home = await box();
  const script = `${home.path}/conf.sh`;
  Deno.writeTextFileSync(script, "rc() {\n  echo from rc\n}\nenviron() {\n  echo A=1\n}\n");
  const kernel = { refuses: ["memfd_create"] } as const;
  const { stdout, stderr } = await home.enroot(["start", "--conf", script, "box"], { kernel });
  assertEquals([stdout, stderr], ["from rc\n", ""]);
}, { programs: ["bash"] });
