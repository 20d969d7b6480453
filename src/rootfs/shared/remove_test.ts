import { assert, assertEquals, assertThrows } from "@std/assert";
import { asUser, OTHER_USER } from "../../../tests/support/as_user.ts";
import { requiring } from "../../../tests/support/requires.ts";
import { makeTemporaryDirectory } from "../../../tests/support/temp.ts";
import { byteStringFromText } from "../../bytes/mod.ts";
import { EnrootError } from "../../diagnostics/mod.ts";
import { AT, close, mkdirat, O, openat } from "../../linux/mod.ts";
import { removeTree } from "../mod.ts";

// The C library stays loaded, which the test runner would call a leak.
const resident = { sanitizeResources: false };

function inTemporaryDirectory(action: (path: string) => void): void {
  using temporary = makeTemporaryDirectory();
  const path = temporary.path;
  action(path);
}

function names(path: string): string[] {
  return [...Deno.readDirSync(path)].map((entry) => entry.name).sort();
}

function run(command: string, ...args: string[]): { success: boolean; text: string } {
  const { success, stdout, stderr } = new Deno.Command(command, { args }).outputSync();
  const decoder = new TextDecoder();
  return { success, text: decoder.decode(stdout) + decoder.decode(stderr) };
}

Deno.test("removeTree() removes files of every kind and leaves the neighbours", resident, () => {
  inTemporaryDirectory((path) => {
    Deno.writeTextFileSync(`${path}/kept`, "kept");
    Deno.mkdirSync(`${path}/tree/a/b`, { recursive: true });
    Deno.writeTextFileSync(`${path}/tree/a/file`, "x");
    Deno.linkSync(`${path}/tree/a/file`, `${path}/tree/a/b/link`);
    Deno.symlinkSync("../kept", `${path}/tree/link`);
    Deno.symlinkSync("/", `${path}/tree/a/root`);
    assert(run("mkfifo", `${path}/tree/pipe`).success);
    close(
      openat(AT.FDCWD, byteStringFromText(path) + "/tree/\xff\xfe", { flags: O.CREAT, mode: 0 }),
    );
    removeTree(byteStringFromText(`${path}/tree`));
    assertEquals(names(path), ["kept"]);
    assertEquals(Deno.readTextFileSync(`${path}/kept`), "kept");
  });
});

Deno.test("removeTree() removes a single file, and a link but not its target", resident, () => {
  inTemporaryDirectory((path) => {
    Deno.mkdirSync(`${path}/target/inside`, { recursive: true });
    Deno.symlinkSync("target", `${path}/link`);
    Deno.writeTextFileSync(`${path}/file`, "");
    removeTree(byteStringFromText(`${path}/link`));
    removeTree(byteStringFromText(`${path}/file`));
    assertEquals(names(path), ["target"]);
    assertEquals(names(`${path}/target`), ["inside"]);
  });
});

Deno.test("removeTree() does not mind what is missing", resident, () => {
  removeTree("/nonexistent");
  removeTree("/nonexistent/either");
});

Deno.test("removeTree() removes directories deeper than PATH_MAX", resident, () => {
  inTemporaryDirectory((path) => {
    let fd = openat(AT.FDCWD, path, { flags: O.RDONLY });
    const name = "d".repeat(255);
    for (const directory of ["tree", ...Array.from({ length: 200 }, () => name)]) {
      mkdirat(fd, directory, { mode: 0o700 });
      mkdirat(fd, "neighbour", { mode: 0o700 });
      const below = openat(fd, directory, { flags: O.RDONLY });
      close(fd);
      fd = below;
    }
    close(fd);
    const before = [...Deno.readDirSync("/proc/self/fd")].length;
    removeTree(`${path}/tree`);
    assertEquals(names(path), ["neighbour"]);
    assertEquals([...Deno.readDirSync("/proc/self/fd")].length, before);
  });
});

function makeInaccessible(path: string): void {
  Deno.mkdirSync(`${path}/tree/none/below`, { recursive: true });
  Deno.mkdirSync(`${path}/tree/unsearchable/below`, { recursive: true });
  Deno.mkdirSync(`${path}/tree/readonly`);
  Deno.writeTextFileSync(`${path}/tree/readonly/file`, "x");
  Deno.chmodSync(`${path}/tree/none/below`, 0);
  Deno.chmodSync(`${path}/tree/none`, 0);
  Deno.chmodSync(`${path}/tree/unsearchable`, 0o600);
  Deno.chmodSync(`${path}/tree/readonly`, 0o500);
  Deno.chmodSync(`${path}/tree`, 0o100);
}

/** A test that acts as another user. */
function switchingTest(name: string, fn: () => void): void {
  Deno.test({ ...requiring({ root: true }, name), ...resident, fn });
}

Deno.test("removeTree() gives its own directories the permissions it takes", resident, () => {
  inTemporaryDirectory((path) => {
    makeInaccessible(path);
    removeTree(byteStringFromText(`${path}/tree`));
    assertEquals(names(path), []);
  });
});

switchingTest("removeTree() does so for a user without privileges", () => {
  inTemporaryDirectory((path) => {
    Deno.chownSync(path, OTHER_USER, OTHER_USER);
    asUser(OTHER_USER, () => {
      makeInaccessible(path);
      assertThrows(() => Deno.readDirSync(`${path}/tree`), Deno.errors.PermissionDenied);
      removeTree(byteStringFromText(`${path}/tree`));
    });
    assertEquals(names(path), []);
  });
});

switchingTest("removeTree() names what a user may not remove", () => {
  inTemporaryDirectory((path) => {
    Deno.mkdirSync(`${path}/tree/theirs`, { recursive: true });
    Deno.writeTextFileSync(`${path}/tree/theirs/file`, "");
    for (const own of [path, `${path}/tree`]) Deno.chownSync(own, OTHER_USER, OTHER_USER);
    const error = assertThrows(
      () => asUser(OTHER_USER, () => removeTree(byteStringFromText(`${path}/tree`))),
      EnrootError,
    );
    assertEquals(error.message, `Cannot remove ${path}/tree/theirs/file: Permission denied`);
    assertEquals(names(`${path}/tree/theirs`), ["file"]);
  });
});

for (const kind of ["tmpfs", "bind"]) {
  Deno.test({
    ...requiring({ mounts: true }, `removeTree() refuses a ${kind} mount`),
    ...resident,
    fn() {
      inTemporaryDirectory((path) => {
        Deno.mkdirSync(`${path}/tree/mnt`, { recursive: true });
        Deno.mkdirSync(`${path}/source`);
        const options = kind === "bind" ? ["--bind", `${path}/source`] : ["-t", "tmpfs", "none"];
        assert(run("mount", ...options, `${path}/tree/mnt`).success);
        try {
          Deno.writeTextFileSync(`${path}/tree/mnt/precious`, "");
          for (const victim of [`${path}/tree`, `${path}/tree/mnt`]) {
            assertThrows(
              () => removeTree(byteStringFromText(victim)),
              EnrootError,
              `Cannot remove ${path}/tree/mnt: something is mounted on it`,
            );
          }
          assertEquals(names(`${path}/tree/mnt`), ["precious"]);
        } finally {
          run("umount", `${path}/tree/mnt`);
        }
        removeTree(byteStringFromText(`${path}/tree`));
        assertEquals(names(path), ["source"]);
      });
    },
  });
}

Deno.test("removeTree() and another removal of the same tree do not disturb each other", {
  ...resident,
}, async () => {
  const path = Deno.makeTempDirSync();
  try {
    for (let index = 0; index < 3000; index++) {
      const directory = `${path}/tree/${index % 30}/${index % 7}`;
      Deno.mkdirSync(directory, { recursive: true });
      Deno.writeTextFileSync(`${directory}/${index}`, "");
    }
    const other = new Deno.Command("rm", { args: ["-rf", `${path}/tree`], stderr: "null" }).spawn();
    await new Promise((resolve) => setTimeout(resolve, 5));
    removeTree(byteStringFromText(`${path}/tree`));
    await other.status;
    assertEquals(names(path), []);
  } finally {
    Deno.removeSync(path, { recursive: true });
  }
});
