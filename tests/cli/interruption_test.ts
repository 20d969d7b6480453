/** Signals that come while the program is about to be done: it must not succeed all the same. */
import { assertEquals } from "@std/assert";
import { enrootCommand, makeHome, runEnroot, type TestHome } from "../support/enroot.ts";
import { tarArchive } from "../support/tar_archive.ts";

/** Milliseconds that are far more than any of it takes. */
const DEADLINE = 120_000;

/** A home with an archive of so many files that writing their inodes takes a while. */
function homeWithArchive({ files = 40_000 } = {}): TestHome {
  const home = makeHome();
  const members = Array.from({ length: files }, (_, index) => (
    { path: `usr/share/directory-${index % 400}/file-of-some-name-${index}`, data: "" }
  ));
  Deno.writeFileSync(`${home.path}/archive.tar`, tarArchive(members));
  return home;
}

const names = (directory: string) => [...Deno.readDirSync(directory)].map(({ name }) => name);

/** Sends a signal as soon as the program says something. @returns the signal that it died of */
async function interruptedAfter(
  message: string,
  { home, args, signal }: { home: TestHome; args: string[]; signal: Deno.Signal },
): Promise<Deno.Signal | null> {
  const child = enrootCommand(args, { home }).spawn();
  const deadline = setTimeout(() => child.kill("SIGKILL"), DEADLINE);
  let said = "";
  let sent = false;
  for await (const chunk of child.stderr.pipeThrough(new TextDecoderStream())) {
    said += chunk;
    if (sent || !said.includes(message)) continue;
    child.kill(signal);
    sent = true;
  }
  await child.stdout.cancel();
  const { signal: died } = await child.status;
  clearTimeout(deadline);
  assertEquals(sent, true, said);
  return died;
}

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  Deno.test(`import ends with ${signal} while it writes the files' attributes`, async () => {
    using home = homeWithArchive();
    const before = names(home.path).sort();
    const args = ["import", "-o", "image.sqsh", "tar:archive.tar"];
    assertEquals(await interruptedAfter("Creating squashfs", { home, args, signal }), signal);
    assertEquals(names(home.path).sort(), before);
  });

  Deno.test(`load ends with ${signal} while it puts files into their places`, async () => {
    using home = homeWithArchive();
    const args = ["load", "-n", "box", "tar:archive.tar"];
    assertEquals(await interruptedAfter("Extracting image layers", { home, args, signal }), signal);
    assertEquals(names(home.data), []);
  });
}

/** A home with a container of so many files. */
async function homeWithContainer(): Promise<TestHome> {
  const home = homeWithArchive({ files: 4_000 });
  const { code, stderr } = await runEnroot(["load", "-n", "box", "tar:archive.tar"], { home });
  assertEquals(code, 0, stderr);
  return home;
}

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  Deno.test(`export ends with ${signal} and leaves nothing`, async () => {
    using home = await homeWithContainer();
    const before = names(home.path).sort();
    const args = ["export", "-o", "image.sqsh", "box"];
    assertEquals(await interruptedAfter("Creating squashfs", { home, args, signal }), signal);
    assertEquals(names(home.path).sort(), before);
    assertEquals(names(home.data), ["box"]);
  });

  Deno.test(`remove ends with ${signal}, and another goes on with it`, async () => {
    using home = await homeWithContainer();
    const share = `${home.data}/box/usr/share`;
    const child = enrootCommand(["remove", "-f", "box"], { home }).spawn();
    const deadline = setTimeout(() => child.kill("SIGKILL"), DEADLINE);
    while (names(share).length === 400) await new Promise((resolve) => setTimeout(resolve, 1));
    child.kill(signal);
    const { signal: died } = await child.output();
    clearTimeout(deadline);
    assertEquals(died, signal);
    assertEquals(names(home.data), ["box"]);
    const again = await runEnroot(["remove", "-f", "box"], { home });
    assertEquals([again.code, again.stderr], [0, ""]);
    assertEquals(names(home.data), []);
  });
}
