import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { makeTemporaryDirectory } from "../../../tests/support/temp.ts";
import { O, SyscallError } from "../../linux/mod.ts";
import { hostFiles, rootFiles } from "./rootfs_files.ts";
import { openRootDirectory, type RootDirectory } from "./root_directory.ts";

/** The C library stays loaded for good. */
const resident = { sanitizeResources: false };

function withRoot(action: (root: RootDirectory, path: string) => void): void {
  using temporary = makeTemporaryDirectory();
  const path = temporary.path;
  using root = openRootDirectory(path);
  action(root, path);
}

Deno.test(
  "openRootDirectory() resolves absolute links and links upwards inside the root",
  resident,
  () => {
    withRoot((root, path) => {
      Deno.mkdirSync(`${path}/run`);
      Deno.mkdirSync(`${path}/var`);
      Deno.symlinkSync("/run", `${path}/var/run`);
      Deno.symlinkSync("../../../../run", `${path}/var/up`);
      for (const link of ["/var/run/lock", "/var/up/lock"]) {
        root.makeDirectories(link)[Symbol.dispose]();
      }
      assertEquals(Deno.statSync(`${path}/run/lock`).isDirectory, true);
    });
  },
);

Deno.test(
  "openRootDirectory() refuses a path that climbs above the root, not one that stays",
  resident,
  () => {
    withRoot((root) => {
      root.makeDirectories("/a/b")[Symbol.dispose]();
      root.open("/a/../a/b", O.PATH)[Symbol.dispose]();
      const error = assertThrows(() => root.open("/a/../../etc", O.PATH), SyscallError);
      assertEquals(error.code, "EXDEV");
    });
  },
);

Deno.test(
  "makeFile() creates missing directories and leaves an existing file alone",
  resident,
  () => {
    withRoot((root, path) => {
      root.makeFile("/x/y/z")[Symbol.dispose]();
      Deno.writeTextFileSync(`${path}/x/y/z`, "kept");
      root.makeFile("/x/y/z")[Symbol.dispose]();
      assertEquals(Deno.readTextFileSync(`${path}/x/y/z`), "kept");
    });
  },
);

Deno.test("makeDirectories() and makeFile() make what a dangling link leads to", resident, () => {
  withRoot((root, path) => {
    Deno.mkdirSync(`${path}/var`);
    Deno.symlinkSync("/run/lock", `${path}/var/lock`);
    Deno.symlinkSync("../run/x/resolv.conf", `${path}/var/resolv.conf`);
    root.makeDirectories("/var/lock")[Symbol.dispose]();
    root.makeFile("/var/resolv.conf")[Symbol.dispose]();
    assertEquals(Deno.statSync(`${path}/run/lock`).isDirectory, true);
    assertEquals(Deno.statSync(`${path}/run/x/resolv.conf`).isFile, true);
  });
});

Deno.test("makeDirectories() gives up on links that lead in a circle", resident, () => {
  withRoot((root, path) => {
    Deno.symlinkSync("b", `${path}/a`);
    Deno.symlinkSync("a", `${path}/b`);
    assertEquals(assertThrows(() => root.makeDirectories("/a"), SyscallError).code, "ELOOP");
  });
});

Deno.test("rootFiles() replaces what a link points from, never what it points to", resident, () => {
  withRoot((root, path) => {
    Deno.mkdirSync(`${path}/etc`);
    const outside = Deno.makeTempFileSync();
    Deno.symlinkSync(outside, `${path}/etc/passwd`);
    rootFiles(root, path).replace("/etc/passwd", "root\n", 0o644);
    assertEquals(Deno.readTextFileSync(`${path}/etc/passwd`), "root\n");
    assertEquals(Deno.lstatSync(`${path}/etc/passwd`).isSymlink, false);
    assertEquals(Deno.readTextFileSync(outside), "");
    assertEquals([...Deno.readDirSync(`${path}/etc`)].length, 1);
    Deno.removeSync(outside);
  });
});

Deno.test("rootFiles() says which path it cannot write", resident, () => {
  withRoot((root, path) => {
    const files = rootFiles(root, path);
    const error = assertThrows(() => files.replace("/missing/file", "", 0o644));
    assertStringIncludes(error.message, "Cannot write /missing/file: No such file or directory");
  });
});

Deno.test("rootFiles() resolves real paths inside the root", resident, () => {
  withRoot((root, path) => {
    Deno.mkdirSync(`${path}/usr/share/zoneinfo`, { recursive: true });
    Deno.writeTextFileSync(`${path}/usr/share/zoneinfo/UTC`, "");
    Deno.mkdirSync(`${path}/etc`);
    Deno.symlinkSync("/usr/share/zoneinfo/UTC", `${path}/etc/localtime`);
    const files = rootFiles(root, Deno.realPathSync(path));
    assertEquals(files.realPath("/etc/localtime"), "/usr/share/zoneinfo/UTC");
    assertEquals(files.readLink("/etc/localtime"), "/usr/share/zoneinfo/UTC");
    assertEquals(files.realPath("/etc/none"), null);
  });
});

Deno.test(
  "hostFiles() reads procfs, whose files tell no size, and no directories",
  resident,
  () => {
    assertStringIncludes(hostFiles().read("/proc/self/status") ?? "", "Pid:");
    assertEquals(hostFiles().read("/proc"), null);
  },
);
