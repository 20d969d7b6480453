import { assertEquals, assertStringIncludes } from "@std/assert";
import { enrootCommand, makeHome, runEnroot, TEST_UID, type TestHome } from "../support/enroot.ts";
import { requiring } from "../support/requires.ts";
import { until } from "../support/until.ts";

/** A test on an image that a shell script makes from the directory `tree`. */
function imageTest(name: string, script: string, fn: (home: TestHome) => Promise<void>): void {
  Deno.test({
    ...requiring({ programs: ["mksquashfs"] }, name),
    async fn() {
      using home = makeHome();
      const made = new Deno.Command("/bin/sh", {
        args: ["-euc", `mkdir tree; ${script}\n chmod a+r image.sqsh`],
        cwd: home.path,
      }).outputSync();
      if (!made.success) throw new Error(new TextDecoder().decode(made.stderr));
      await fn(home);
    },
  });
}

const PACK = "mksquashfs tree image.sqsh -quiet -no-progress";

imageTest(
  "create makes a container that belongs to the caller, in a directory closed to others",
  `printf x >tree/setuid; chmod 4755 tree/setuid; mkdir tree/etc; printf y >tree/etc/none
   ${PACK} -all-root -p 'etc m 000 0 0' -p 'etc/none m 000 0 0'`,
  async (home) => {
    const { code, stdout, stderr } = await runEnroot(["create", "./image.sqsh"], { home });
    assertEquals([code, stdout], [0, ""]);
    assertEquals(stderr, "[INFO] Extracting squashfs filesystem...\n");
    assertEquals(Deno.statSync(home.data).mode, 0o040700);
    const modeAndOwner = (path: string) => {
      const { mode, uid } = Deno.statSync(`${home.data}/image/${path}`);
      return [mode?.toString(8), uid];
    };
    assertEquals(modeAndOwner("setuid"), ["100755", TEST_UID]);
    assertEquals(modeAndOwner("etc"), ["40700", TEST_UID]);
    assertEquals(modeAndOwner("etc/none"), ["100400", TEST_UID]);
    assertEquals([...Deno.readDirSync(home.data)].map((entry) => entry.name), ["image"]);
  },
);

imageTest(
  "create says once what it left out",
  `${PACK} -p 'null c 666 0 0 1 3' -p 'zero c 666 0 0 1 5' -p 'disk b 660 0 0 8 0'`,
  async (home) => {
    const { code, stderr } = await runEnroot(["create", "image.sqsh"], { home });
    assertEquals(code, 0);
    assertStringIncludes(stderr, "[WARN] Left out device nodes: 3\n");
    assertEquals(stderr.split("\n").length, 3);
    assertEquals([...Deno.readDirSync(`${home.data}/image`)], []);
  },
);

imageTest(
  "create --force keeps the old container until the new one is whole",
  `printf old >tree/version; ${PACK}; mv image.sqsh old.sqsh
   printf new >tree/version; yes text | head -c 3000000 >tree/zz; ${PACK}; cp image.sqsh broken.sqsh
   head -c 500 /dev/urandom | dd of=broken.sqsh bs=1 seek=96 conv=notrunc; chmod a+r *.sqsh`,
  async (home) => {
    const create = (image: string, ...options: string[]) =>
      runEnroot(["create", ...options, "-n", "box", image], { home });
    const version = () => Deno.readTextFileSync(`${home.data}/box/version`);
    assertEquals((await create("old.sqsh")).code, 0);
    const refused = await create("image.sqsh");
    assertEquals(
      [refused.code, refused.stderr],
      [1, `[ERROR] File already exists: ${home.data}/box\n`],
    );
    const broken = await create("broken.sqsh", "--force");
    assertEquals(broken.code, 1);
    assertStringIncludes(broken.stderr, "[ERROR] Cannot extract /zz: ");
    assertEquals(version(), "old");
    assertEquals((await create("image.sqsh", "--force")).code, 0);
    assertEquals(version(), "new");
    assertEquals([...Deno.readDirSync(home.data)].map((entry) => entry.name), ["box"]);
  },
);

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  imageTest(
    `create leaves nothing behind when ${signal} ends it`,
    `for i in $(seq 60); do head -c 1000000 /dev/urandom >tree/$i; done
     i=0; while [ $i -lt 40 ]; do mkdir tree/d$i; cp tree/1 tree/d$i; i=$((i+1)); done
     for i in $(seq 3000); do printf $i >tree/d1/$i; done; ${PACK} -noI -noD -noF`,
    async (home) => {
      // On a busy machine the signal may come when all is done.
      for (let attempt = 0;; attempt++) {
        const child = enrootCommand(["create", "--force", "image.sqsh"], { home }).spawn();
        await until(() => hasEntries(home.data), { interval: 1 });
        child.kill(signal);
        const { signal: died, code } = await child.output();
        if (died === signal) break;
        assertEquals([died, code, attempt < 5], [null, 0, true]);
        Deno.removeSync(home.data, { recursive: true });
      }
      assertEquals([...Deno.readDirSync(home.data)], []);
    },
  );
}

function hasEntries(directory: string): boolean {
  try {
    return [...Deno.readDirSync(directory)].length > 0;
  } catch {
    return false; // It is not there yet.
  }
}
