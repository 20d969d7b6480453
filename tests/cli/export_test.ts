import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import {
  enrootCommand,
  makeHome,
  programFiles,
  runEnroot,
  TEST_UID,
  type TestHome,
} from "../support/enroot.ts";
import { requiring } from "../support/requires.ts";
import { treeListing } from "../support/tree_listing.ts";
import { until } from "../support/until.ts";

/** Runs a shell script as the test user. @returns its output */
function shell(script: string, cwd: string): string {
  const { success, stdout, stderr } = new Deno.Command("/bin/sh", {
    args: ["-euc", script],
    cwd,
    ...(Deno.uid() === 0 ? { uid: TEST_UID, gid: TEST_UID } : {}),
  }).outputSync();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}

/** A home with a container `box` that a shell script fills. */
function makeContainer(script: string): TestHome {
  const home = makeHome();
  shell(`mkdir -m 700 -p "$0/box"; cd "$0/box"; ${script}`.replaceAll("$0", home.data), home.path);
  return home;
}

function names(directory: string): string[] {
  return [...Deno.readDirSync(directory)].map(({ name }) => name).sort();
}

const SAMPLE = `
  umask 022; mkdir -p etc usr/bin sticky/deep; printf '#!/bin/sh\\n' >usr/bin/run
  head -c 1000000 /dev/urandom >large; yes text | head -c 300001 >text; : >nothing
  chmod 4755 usr/bin/run; chmod 2711 etc; chmod 1777 sticky; printf x >secret; chmod 600 secret
  ln large sticky/linked; ln nothing sticky/nothing; ln -s ../etc usr/link; mkfifo -m 622 pipe
  printf caf >"$(printf 'caf\\351 \\n.')"; truncate -s 3000000 sparse
  printf data | dd of=sparse bs=1 seek=1500000 conv=notrunc 2>/dev/null
  find . -exec touch -h -d 2001-02-03T04:05:06Z {} +`;

Deno.test({
  ...requiring(
    { root: true, programs: ["unsquashfs"] },
    "export makes an image of a container, root's own",
  ),
  async fn() {
    using home = makeContainer(SAMPLE);
    const { code, stdout, stderr } = await runEnroot(["export", "box"], { home });
    const expected = [0, "", "[INFO] Creating squashfs filesystem...\n"];
    assertEquals([code, stdout, stderr], expected);
    const image = `${home.path}/box.sqsh`;
    const { mode, uid } = Deno.statSync(image);
    assertEquals([(mode ?? 0) & 0o777, uid], [0o666 & ~Deno.umask(), TEST_UID]);
    const unpacked = `${home.path}/unpacked`;
    const { success } = new Deno.Command("unsquashfs", {
      args: ["-quiet", "-no-progress", "-dest", unpacked, image],
    }).outputSync();
    assert(success);
    assertEquals(treeListing(unpacked), treeListing(`${home.data}/box`));
    const owned = new Deno.Command("find", { args: [unpacked, "!", "-user", "0"] }).outputSync();
    assertEquals(owned.stdout.length, 0);
  },
});

Deno.test("export and create give the container back", async () => {
  using home = makeContainer(SAMPLE);
  for (const args of [["export", "--output=b.sqsh", "box"], ["create", "b.sqsh"]]) {
    const { code, stderr } = await runEnroot(args, { home });
    assertEquals([code, args], [0, args], stderr);
  }
  // A container that an ordinary user makes has no set-id bits.
  Deno.chmodSync(`${home.data}/box/usr/bin/run`, 0o755);
  assertEquals(treeListing(`${home.data}/b`), treeListing(`${home.data}/box`));
});

Deno.test("export --force replaces the very image that the container was made of", async () => {
  using home = makeContainer("printf old >version; printf x >x");
  const run = async (...args: string[]) => {
    const { code, stderr } = await runEnroot(args, { home });
    assertEquals([code, args], [0, args], stderr);
  };
  await run("export", "-o", "a.sqsh", "box");
  await run("create", "a.sqsh");
  shell("printf new >version; rm x", `${home.data}/a`);
  await run("export", "-f", "-o", `${home.path}/a.sqsh`, "a");
  await run("create", "--force", "a.sqsh");
  assertEquals(names(`${home.data}/a`), ["version"]);
  assertEquals(Deno.readTextFileSync(`${home.data}/a/version`), "new");
  assertEquals(names(home.path).filter((name) => /sqsh|enroot/.test(name)), ["a.sqsh"]);
});

Deno.test("export leaves out what a start leaves behind", async () => {
  using home = makeContainer(
    `mkdir -m 0 mnt; mkdir dev; : >dev/null; : >.lock; mkdir .enroot; : >point; chmod 0 point
     mkdir kept; : >kept/.lock`,
  );
  assertEquals((await runEnroot(["export", "box"], { home })).code, 0);
  assertEquals((await runEnroot(["create", "-n", "new", "box.sqsh"], { home })).code, 0);
  const found = treeListing(`${home.data}/new`).map((line) => line.split("|")[0] ?? "")
    .filter((path) => path.startsWith("."));
  assertEquals(found.sort(), [".", "./dev", "./kept", "./kept/.lock"]);
});

Deno.test("export reads what its owner may not, and changes nothing", async (t) => {
  using home = makeContainer(
    `mkdir -p a/b/c shut; printf 1 >a/b/c/file; printf 2 >shut/file; printf 3 >file
     setfattr -n user.x -v y file 2>/dev/null || :
     chmod 0 file shut/file a/b/c/file; chmod 0 shut a/b/c; chmod 300 a/b; chmod 400 a`,
  );
  const modes = () => {
    const script = `find . -printf '%p %m\\n' | sort`;
    const { stdout } = new Deno.Command("/bin/sh", {
      args: ["-c", script],
      cwd: `${home.data}/box`,
    }).outputSync();
    return new TextDecoder().decode(stdout);
  };
  const before = modes();
  const { code, stderr } = await runEnroot(["export", "box"], { home });
  assertEquals(code, 0, stderr);
  assertEquals(modes(), before);
  await t.step({
    ...requiring({ programs: ["unsquashfs"] }, "so that unsquashfs shows it"),
    fn: () => {
      const { stdout } = new Deno.Command("unsquashfs", {
        args: ["-lls", `${home.path}/box.sqsh`],
      }).outputSync();
      const listed = new TextDecoder().decode(stdout).split("\n")
        .flatMap((line) =>
          /^(\S{10}) .* squashfs-root\/(.*)$/.exec(line)?.slice(1).join(" ") ?? []
        );
      assertEquals(listed, [
        "dr-------- a",
        "d-wx------ a/b",
        "d--------- a/b/c",
        "---------- a/b/c/file",
        "---------- file",
        "d--------- shut",
        "---------- shut/file",
      ]);
      const file = new Deno.Command("unsquashfs", {
        args: ["-cat", `${home.path}/box.sqsh`, "a/b/c/file"],
      });
      assertEquals(new TextDecoder().decode(file.outputSync().stdout), "1");
    },
  });
});

Deno.test("export with SOURCE_DATE_EPOCH gives the same bytes, wherever and with whatever", async () => {
  using home = makeContainer(SAMPLE);
  const copy = `cp -a box copy; touch copy/etc copy/large; mkdir new; for f in copy/* copy/.[!.]*
    do [ ! -e "$f" ] || mv "$f" new; done; rm -r copy; mv new copy`;
  shell(copy, home.data);
  shell("chmod 700 copy", home.data);
  const images = await Promise.all(
    [["box", "1"], ["box", "4"], ["copy", "2"]].map(async ([name = "", processors = ""], index) => {
      const env = { SOURCE_DATE_EPOCH: "1700000000", ENROOT_MAX_PROCESSORS: processors };
      const args = ["export", "-o", `${index}.sqsh`, name];
      const { code, stderr } = await runEnroot(args, { home, env });
      assertEquals(code, 0, stderr);
      return Deno.readFileSync(`${home.path}/${index}.sqsh`);
    }),
  );
  assertEquals(images[1], images[0]);
  assertEquals(images[2], images[0]);
});

Deno.test("export writes xz with several processors, and create reads it", async () => {
  using home = makeContainer("for i in $(seq 40); do seq $i 40000 >$i; done");
  const env = { ENROOT_MAX_PROCESSORS: "4", ENROOT_SQUASH_OPTIONS: "-comp xz" };
  const exported = await runEnroot(["export", "-o", "x.sqsh", "box"], { home, env });
  assertEquals(exported.code, 0, exported.stderr);
  assert(Deno.statSync(`${home.path}/x.sqsh`).size < 3_000_000);
  const created = await runEnroot(["create", "-n", "again", "x.sqsh"], { home, env });
  assertEquals(created.code, 0, created.stderr);
  shell(`diff -r box again`, home.data);
});

Deno.test("export gives the same bytes with one processor and with several, however much there is", async () => {
  using home = makeContainer(
    `for d in 1 2 3; do mkdir $d; for i in $(seq 200); do
       head -c $((i * 731)) /dev/urandom >$d/own-$i; yes $i | head -c $((i * 97)) >$d/shared-$i
     done; done; cp 1/own-200 2/copy; truncate -s 200000 1/hole; cp 1/hole 2/hole`,
  );
  for (const options of ["-comp zstd -Xcompression-level 1 -noD", "-comp gzip", "-comp lzo -noD"]) {
    const images: Uint8Array[] = [];
    for (const processors of ["1", "4"]) {
      const env = {
        SOURCE_DATE_EPOCH: "1700000000",
        ENROOT_MAX_PROCESSORS: processors,
        ENROOT_SQUASH_OPTIONS: options,
      };
      const { code, stderr } = await runEnroot(["export", "-f", "-o", "x.sqsh", "box"], {
        home,
        env,
      });
      assertEquals(code, 0, stderr);
      images.push(Deno.readFileSync(`${home.path}/x.sqsh`));
    }
    assert((images[0]?.length ?? 0) > 20_000_000);
    assertEquals(images[1], images[0], options);
  }
});

Deno.test("export says what is wrong before it does anything", async () => {
  using home = makeContainer("printf x >file");
  const refused = async (args: string[], message: string) => {
    const { code, stdout, stderr } = await runEnroot(["export", ...args], { home });
    assertEquals([code, stdout, stderr], [1, "", `[ERROR] ${message}\n`]);
  };
  await refused(["nothing"], `No such file or directory: ${home.data}/nothing`);
  await refused(["a/b"], "Invalid argument: a/b");
  await refused(
    ["-o", "missing/x.sqsh", "box"],
    `Cannot write ${home.path}/missing/x.sqsh: No such file or directory`,
  );
  shell("printf precious >box.sqsh", home.path);
  await refused(["box"], `File already exists: ${home.path}/box.sqsh`);
  assertEquals(Deno.readTextFileSync(`${home.path}/box.sqsh`), "precious");
  const env = { ENROOT_SQUASH_OPTIONS: "-comp zstd -nonsense" };
  const { stderr } = await runEnroot(["export", "-f", "box"], { home, env });
  assertStringIncludes(stderr, "Cannot use squashfs option -nonsense");
  assertEquals(Deno.readTextFileSync(`${home.path}/box.sqsh`), "precious");
  const forced = await runEnroot(["export", "box"], { home, env: { ENROOT_FORCE_OVERRIDE: "y" } });
  assertEquals(forced.code, 0);
  assert(Deno.statSync(`${home.path}/box.sqsh`).size > 1000);
});

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  Deno.test(`export leaves nothing behind when ${signal} ends it`, async () => {
    using home = makeContainer(
      `mkdir d; for i in $(seq 3000); do printf $i >d/$i; done; chmod 100 d
       for i in $(seq 60); do head -c 3000000 /dev/zero | tr '\\0' $i >z$i; done`,
    );
    const child = enrootCommand(["export", "box"], { home }).spawn();
    const temporary = () => names(home.path).find((name) => name.startsWith(".enroot-image."));
    const isUnderWay = () => {
      const name = temporary();
      return name !== undefined && Deno.statSync(`${home.path}/${name}`).size > 1_000_000;
    };
    await until(isUnderWay, { interval: 1 });
    child.kill(signal);
    assertEquals((await child.output()).signal, signal);
    assertEquals(temporary(), undefined);
    assert(!names(home.path).includes("box.sqsh"));
    assertEquals((Deno.statSync(`${home.data}/box/d`).mode ?? 0) & 0o777, 0o100);
  });
}

const HAS_ENV = new Deno.Command("/bin/sh", {
  args: ["-c", "env --block-signal=TERM true"],
  stderr: "null",
}).outputSync().success;

Deno.test({
  ...requiring(
    { other: HAS_ENV ? undefined : "env has no --block-signal" },
    "export works with signals blocked and / as working directory",
  ),
  async fn() {
    using home = makeContainer("printf x >file");
    const output = `${home.path}/saved.sqsh`;
    const program = programFiles();
    const { code, stderr } = await new Deno.Command("env", {
      args: ["--block-signal=TERM,INT,HUP,QUIT,USR1,USR2,PIPE,ALRM,TSTP", program.command]
        .concat(program.args, "export", "-f", "-o", output, "box"),
      env: { ...program.env, ...home.env },
      clearEnv: true,
      cwd: "/",
      stdin: "null",
      ...(Deno.uid() === 0 ? { uid: TEST_UID, gid: TEST_UID } : {}),
    }).output();
    assertEquals(code, 0, new TextDecoder().decode(stderr));
    assert(Deno.statSync(output).size > 1000);
  },
});
