/** The helpers that third-party hooks call, by the names they have there. */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { type ContainerHome, containerTest, sharedContainerHome } from "../support/container.ts";
import { programFiles, TEST_UID } from "../support/enroot.ts";

/** None of the tests changes it for good. */
const box = sharedContainerHome();

/** A directory where the program has other names. */
function toolDirectory(home: ContainerHome): string {
  const directory = `${home.path}/tools`;
  Deno.mkdirSync(directory, { recursive: true });
  const { command, args } = programFiles();
  for (const name of ["enroot-mount", "enroot-nsenter", "enroot-switchroot"]) {
    const path = `${directory}/${name}`;
    try {
      Deno.removeSync(path);
    } catch {
      // The first time.
    }
    if (args.length === 0) Deno.symlinkSync(command, path);
    else {
      const words = [command, ...args].map((word) => `'${word}'`).join(" ");
      const script = `#!/bin/bash\nexec -a ${name} ${words} "$@"\n`;
      Deno.writeTextFileSync(path, script, { mode: 0o755 });
    }
  }
  return directory;
}

/** What a shell script that has the tools in its PATH does. */
async function run(script: string) {
  const home = await box();
  const { env } = programFiles();
  const { code, stdout, stderr } = await new Deno.Command("/bin/sh", {
    args: ["-c", script],
    env: { ...home.env, ...env, PATH: `${toolDirectory(home)}:${home.env["PATH"]}`, OWN: "here" },
    clearEnv: true,
    cwd: home.path,
    stdin: "null",
    ...(Deno.uid() === 0 ? { uid: TEST_UID, gid: TEST_UID } : {}),
  }).output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

containerTest("enroot-nsenter makes namespaces, with or without a remapped root", async () => {
  const show = "'id -u; grep Seccomp: /proc/self/status; touch f; chown 1:1 f; echo $OWN; rm f'";
  const plain = await run(`enroot-nsenter --user --mount sh -c ${show}`);
  assertEquals(plain, { code: 0, stdout: `${TEST_UID}\nSeccomp:\t2\nhere\n`, stderr: "" });
  const root = await run(
    `enroot-nsenter --user --mount --remap-root sh -c 'id -u; mount -t tmpfs none /mnt; exit 3'`,
  );
  assertEquals(root, { code: 3, stdout: "0\n", stderr: "" });
}, { programs: ["mount"] });

containerTest("enroot-nsenter joins the namespaces of a process", async () => {
  const { code, stdout, stderr } = await run(`
    enroot-nsenter --user --mount --remap-root sh -c 'mount -t tmpfs marked /mnt; exec sleep 60' &
    trap "kill $!" EXIT
    for i in $(seq 300); do grep -q marked /proc/$!/mountinfo && break; sleep 0.1; done
    enroot-nsenter --target $! --user --mount grep -c marked /proc/self/mountinfo`);
  assertEquals({ code, stdout, stderr }, { code: 0, stdout: "1\n", stderr: "" });
}, { programs: ["mount"] });

containerTest("enroot-nsenter takes environment and directory from its options", async () => {
  const { stdout, stderr } = await run(`
    printf 'A=1 2\\nB="kept"\\nPATH=/usr/bin:/bin\\n' > env
    enroot-nsenter --user --envfile env --workdir /etc sh -c 'pwd; echo "$A $B $OWN"'`);
  assertEquals([stdout, stderr], ['/etc\n1 2 "kept" \n', ""]);
});

containerTest("enroot-nsenter says what it cannot do", async () => {
  const usage = await run("enroot-nsenter");
  assertEquals(usage.code, 0);
  assertMatch(usage.stdout, /^Usage: enroot-nsenter /);
  for (
    const [command, message] of [
      ["enroot-nsenter --bad x", "[ERROR] Invalid argument: --bad\n"],
      ["enroot-nsenter --target x true", "[ERROR] Invalid argument: x\n"],
      ["enroot-nsenter --target 2147483646 true", "[ERROR] Process not found: 2147483646\n"],
      ["enroot-nsenter --envfile /none true", "[ERROR] Cannot read /none: "],
      ["enroot-nsenter --user --workdir /none true", "[ERROR] Cannot enter /none: No such file"],
      ["enroot-nsenter --user no-such-command", "[ERROR] Command not found: no-such-command"],
    ] as const
  ) {
    const { code, stdout, stderr } = await run(command);
    assertEquals([code, stdout], [1, ""], command);
    assertStringIncludes(stderr, message);
  }
});

const ENTER = `enroot-nsenter --user --mount sh -c '
  echo "$BOX $BOX none bind" | enroot-mount - &&
  echo "/proc /proc none rbind,x-create=dir" | enroot-mount --root $BOX - &&
  exec enroot-switchroot "$@"' sh`;

containerTest("enroot-switchroot enters a root file system as start does", async () => {
  const { rootfs } = await box();
  const switchroot = (args: string) => run(`export BOX=${rootfs}; ${ENTER} ${args}`);
  const direct = await switchroot(
    `--norc $BOX sh -c 'pwd; echo $0; grep -E "^(CapEff|NoNewPrivs)" /proc/self/status'`,
  );
  assertEquals(direct, {
    code: 0,
    stdout: "/\nsh\nCapEff:\t0000000000000000\nNoNewPrivs:\t1\n",
    stderr: "",
  });
  // With the script of the image: its working directory.
  assertEquals((await switchroot("$BOX pwd")).stdout, "/srv\n");
});

containerTest("enroot-switchroot takes a script, an environment and a login", async () => {
  const { rootfs } = await box();
  const { code, stdout, stderr } = await run(`export BOX=${rootfs}
    printf 'echo "rc: $1 $USER $TERM ${"${OWN-unset}"}"; exit 6\\n' > rc
    printf 'TERM=of-file\\nHOME=/\\nUSER=me\\n' > env
    ${ENTER} --login --rcfile rc --envfile env $BOX word`);
  assertEquals({ code, stdout, stderr }, {
    code: 6,
    stdout: "rc: word me of-file unset\n",
    stderr: "",
  });
});

containerTest("enroot-switchroot says what it cannot do", async () => {
  const usage = await run("enroot-switchroot");
  assertMatch(usage.stdout, /^Usage: enroot-switchroot /);
  const { code, stderr } = await run("enroot-nsenter --user --mount enroot-switchroot /none");
  assertEquals([code, stderr.startsWith("[ERROR] Cannot switch the root file system: ")], [
    1,
    true,
  ]);
});

containerTest("enroot-mount mounts the entries of one pass", async () => {
  const { code, stdout, stderr } = await run(`mkdir -p root
    printf 'tmpfs /a tmpfs x-create=dir 0 -1\\ntmpfs /b tmpfs x-create=dir\\n' > fstab
    enroot-nsenter --user --mount sh -c '
      enroot-mount --root root --pass -1 fstab && grep -c "root/[ab] " /proc/self/mountinfo'
    enroot-mount --root root --pass x fstab`);
  assertEquals([code, stdout, stderr], [1, "1\n", "[ERROR] Invalid argument: --pass\n"]);
});
