import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { asUser, OTHER_USER } from "../../../tests/support/as_user.ts";
import { capturedStderr } from "../../../tests/support/captured_stderr.ts";
import { memoryStore } from "../../../tests/support/memory_store.ts";
import { type Needs, requiring } from "../../../tests/support/requires.ts";
import { byteString, byteStringFromText } from "../../bytes/mod.ts";
import { EnrootError } from "../../diagnostics/mod.ts";
import {
  contentDigest,
  contentHash,
  type Directory,
  type FileStore,
  type Inode,
  lookup,
  walk,
} from "../../fstree/mod.ts";
import { scanRootfs } from "../mod.ts";
import { openScanned } from "./scanned_file.ts";
import { withPermissionsOn } from "../shared/permissions.ts";
import { close, O, openat, statusOf } from "../../linux/mod.ts";

// The C library stays loaded, which the test runner would call a leak.
const resident = { sanitizeResources: false, sanitizeOps: false };

/** Runs a shell script in a directory, in which it must succeed. */
function shell(script: string, directory: string): void {
  const { success, stderr } = new Deno.Command("/bin/sh", {
    args: ["-euc", script],
    cwd: directory,
    env: { LC_ALL: "C" },
  }).outputSync();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
}

/** A test on the directory that a shell script fills. */
function treeTest(
  name: string,
  { script, ...needs }: { script: string } & Needs,
  action: (path: string) => Promise<void> | void,
): void {
  Deno.test({
    ...requiring(needs, name),
    ...resident,
    async fn() {
      const path = Deno.makeTempDirSync();
      try {
        Deno.mkdirSync(`${path}/tree`);
        shell(script, `${path}/tree`);
        await action(`${path}/tree`);
      } finally {
        shell('umount -R tree/* 2>&- || :; chmod -R u+rwx "$PWD"; rm -rf "$PWD"', path);
      }
    },
  });
}

/** What a scan gives, with a thread that reads and without. */
async function scan(path: string): Promise<Directory<string>> {
  const [alone, helped] = await Promise.all(
    [1, 2].map((processors) =>
      scanRootfs(byteStringFromText(path), { store: memoryStore(), processors })
    ),
  );
  assert(alone !== undefined);
  assertEquals(alone, helped);
  return alone;
}

function at(root: Directory<string>, path: string): Inode<string> | undefined {
  return lookup(root, path.split("/"));
}

/** The paths of a tree, those of directories with a slash at the end. */
function paths(root: Directory<string>): string[] {
  return [...walk(root)].slice(1)
    .map(({ path, inode }) => inode.kind === "directory" ? `${path}/` : path);
}

treeTest(
  "scanRootfs() reads files of every kind, which belong to root",
  {
    script: `umask 022; mkdir -p usr/bin; printf text >usr/bin/tool; chmod 4755 usr/bin/tool
      : >empty; ln -s ../nowhere link; mkfifo -m 622 pipe; chmod 1777 usr
      printf x >"$(printf 'caf\\351\\n.')"; touch -h -d 2001-02-03T04:05:06.5Z usr/bin/tool link usr`,
  },
  async (path) => {
    const root = await scan(path);
    assertEquals(
      paths(root),
      ["caf\xe9\n.", "empty", "link", "pipe", "usr/", "usr/bin/"].concat("usr/bin/tool"),
    );
    const mtime = 981173106.5;
    const owned = { uid: 0, gid: 0, xattrs: null, mtime };
    const tool = { ...owned, kind: "file", mode: 0o4755, size: 4, content: "text" };
    assertEquals(at(root, "usr/bin/tool") as unknown, tool);
    const link = { ...owned, kind: "symlink", mode: 0o777, target: "../nowhere" };
    assertEquals(at(root, "link") as unknown, link);
    assertEquals([at(root, "usr")?.mode, at(root, "usr")?.mtime], [0o1777, mtime]);
    assertEquals([at(root, "pipe")?.kind, at(root, "pipe")?.mode], ["fifo", 0o622]);
    for (const { inode } of walk(root)) assertEquals([inode.uid, inode.gid], [0, 0]);
  },
);

treeTest(
  "scanRootfs() makes the digests that the store needs, and no others",
  {
    script: `printf text >small; head -c 5000 /dev/zero | tr '\\0' x >large; : >empty
      truncate -s 4000 hole`,
  },
  async (path) => {
    const digest = (text: string) =>
      contentDigest(contentHash().update(new TextEncoder().encode(text)));
    for (const processors of [1, 2]) {
      const digests: (string | undefined)[] = [];
      const store = memoryStore();
      const watched: FileStore<string> = {
        ...store,
        digestsBelow: 5000,
        endFile(digest) {
          digests.push(digest);
          return store.endFile();
        },
      };
      await scanRootfs(byteStringFromText(path), { store: watched, processors });
      // In the order of names: empty, hole, large, small.
      assertEquals(digests, [undefined, undefined, undefined, digest("text")]);
    }
  },
);

treeTest(
  "scanRootfs() reads device nodes and sockets",
  {
    script: `mkdir d; mknod d/null c 1 3; mknod d/disk b 259 70000
      python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("socket")'`,
    root: true,
  },
  async (path) => {
    const root = await scan(path);
    const numbers = (name: string) => {
      const inode = at(root, name);
      return inode !== undefined && "major" in inode
        ? [inode.kind, inode.major, inode.minor]
        : [inode?.kind];
    };
    assertEquals(numbers("d/null"), ["character", 1, 3]);
    assertEquals(numbers("d/disk"), ["block", 259, 70000]);
    assertEquals(numbers("socket"), ["socket"]);
  },
);

treeTest(
  "scanRootfs() reads a file with several names once",
  { script: "mkdir d; printf 1 >a; ln a b; ln a d/c; printf 1 >other; mkfifo p; ln p d/p" },
  async (path) => {
    const root = await scan(path);
    assert(at(root, "a") === at(root, "b") && at(root, "a") === at(root, "d/c"));
    assert(at(root, "a") !== at(root, "other"));
    assert(at(root, "p") === at(root, "d/p"));
  },
);

treeTest(
  "scanRootfs() keeps holes",
  {
    script: `truncate -s 1000000 hole; truncate -s 300000 gap
      printf data | dd of=gap bs=1 seek=131072 conv=notrunc 2>/dev/null`,
  },
  async (path) => {
    const root = await scan(path);
    const content = (name: string) => {
      const inode = at(root, name);
      return inode?.kind === "file" ? inode.content : "";
    };
    assertEquals(content("hole"), "<1000000>");
    // How much around the data is a hole depends on the file system.
    const data = content("gap").replace(/^<\d+>/, "").replace(/<\d+>$/, "").replaceAll("\0", "");
    assertEquals(data, "data");
  },
);

treeTest(
  "scanRootfs() leaves out what a start leaves behind, and nothing like it",
  {
    script: `mkdir -p dev/pts home/dev; : >dev/null; : >home/dev/null; : >.lock; : >.enroot
      : >home/.lock; : >home/.enroot; mkdir mnt; : >point; chmod 0 mnt point
      mkdir used kept; : >used/file; printf x >secret; : >script; chmod 0 secret; chmod 100 script
      chmod 0 used; ln -s nowhere .lockfile`,
    // To read the tree back.
    root: true,
  },
  async (path) => {
    const kept = ["dev/", "home/", "home/.enroot", "home/.lock", "home/dev/", "home/dev/null"]
      .concat("kept/", "script", "secret", "used/", "used/file");
    assertEquals(paths(await scan(path)), [".lockfile", ...kept]);
  },
);

treeTest(
  "scanRootfs() keeps a /dev that is no directory, and leaves out .lock whatever it is",
  { script: "ln -s /elsewhere dev; mkdir .lock; : >.lock/file" },
  async (path) => assertEquals(paths(await scan(path)), ["dev"]),
);

treeTest(
  "scanRootfs() keeps attributes of users, those of overlayfs excepted",
  {
    script: `printf x >f; mkdir d; setfattr -n user.test -v 0x00ff f; setfattr -n user.d -v y d
      setfattr -n user.overlay.opaque -v y d; setfattr -n user.overlay.origin f`,
    programs: ["setfattr"],
    xattrs: true,
  },
  async (path) => {
    const root = await scan(path);
    const xattrs = (name: string) =>
      [...at(root, name)?.xattrs ?? []].map(([key, value]) => `${key}=${byteString(value)}`);
    assertEquals(xattrs("f"), ["user.test=\0\xff"]);
    assertEquals(xattrs("d"), ["user.d=y"]);
  },
);

treeTest(
  "scanRootfs() stays on one file system",
  {
    script: `mkdir proc mnt bind; : >file; : >host; printf outside >../outside; : >bind/own
      mount -t tmpfs -o mode=700 none mnt; : >mnt/inside; mount --bind bind mnt/inside 2>&- || :
      mount --bind ../outside host; mkdir here; : >here/x; mount --bind here bind`,
    mounts: true,
  },
  async (path) => {
    try {
      const root = await scan(path);
      assertEquals(paths(root), ["bind/", "file", "here/", "here/x", "mnt/", "proc/"]);
      assertEquals(at(root, "mnt")?.mode, 0o700);
    } finally {
      shell("umount mnt host bind", path);
    }
  },
);

treeTest(
  "scanRootfs() reads directories deeper than PATH_MAX with few descriptors",
  {
    script: `name=$(printf %0200d 0); for i in $(seq 200); do mkdir $name; cd -P $name; done
      printf deep >file`,
  },
  async (path) => {
    const before = openFiles();
    let most = 0;
    const store = memoryStore();
    const watched: FileStore<string> = {
      ...store,
      beginFile: (size) => {
        most = Math.max(most, openFiles());
        store.beginFile(size);
      },
    };
    const root = await scanRootfs(byteStringFromText(path), { store: watched, processors: 1 });
    assertEquals([...walk(root)].length, 202);
    assertEquals([...walk(root)].at(-1)?.path.endsWith("/file"), true);
    assert(most - before < 100);
    assertEquals(openFiles(), before);
  },
);

function openFiles(): number {
  return [...Deno.readDirSync("/proc/self/fd")].length;
}

treeTest(
  "scanRootfs() does without what goes away while it reads",
  { script: "for i in 1 2 3 4 5 6 7 8 9; do mkdir $i; printf $i >$i/file; printf $i >f$i; done" },
  async (path) => {
    const store = memoryStore();
    let files = 0;
    const removing: FileStore<string> = {
      ...store,
      beginFile: (size) => {
        if (++files === 3) {
          shell(
            "rm -r 5; rm f1; rm -r f2; mkdir f2; ln -sf 1 f3; rm -r 6; ln -s / 6; rm 4/file",
            path,
          );
        }
        store.beginFile(size);
      },
    };
    const found = paths(
      await scanRootfs(byteStringFromText(path), { store: removing, processors: 1 }),
    );
    assertEquals(
      found.filter((name) => !name.startsWith("f")),
      ["1/", "1/file", "2/", "2/file", "3/", "3/file", "4/", "6"]
        .concat("7/", "7/file", "8/", "8/file", "9/", "9/file"),
    );
    assertEquals(found.filter((name) => name.startsWith("f")), [
      "f4",
      "f5",
      "f6",
      "f7",
      "f8",
      "f9",
    ]);
  },
);

treeTest(
  "scanRootfs() fills up a file that becomes shorter, and says so",
  { script: "head -c 3000000 /dev/zero | tr '\\0' x >log; printf y >next" },
  async (path) => {
    const store = memoryStore();
    let root: Directory<string> | undefined;
    const cutting: FileStore<string> = {
      ...store,
      write: (chunk) => {
        if (chunk.length > 1) Deno.truncateSync(`${path}/log`, 2_000_000);
        store.write(chunk);
      },
    };
    const lines = await capturedStderr(async () => {
      root = await scanRootfs(byteStringFromText(path), { store: cutting, processors: 1 });
    });
    assertEquals(lines, ["[WARN] File became shorter while it was read: /log"]);
    assert(root !== undefined);
    const log = at(root, "log");
    assert(log?.kind === "file");
    assertEquals([log.size, log.content.slice(1_999_999)], [3_000_000, "x<1000000>"]);
    assert(at(root, "next")?.kind === "file");
  },
);

Deno.test({
  name: "scanRootfs() says which directory there is not",
  ...resident,
  fn: async () => {
    await assertRejects(
      () => scan("/nonexistent/path"),
      EnrootError,
      "Cannot read /nonexistent/path: No such file or directory",
    );
    await assertRejects(() => scan("/etc/passwd"), EnrootError, "Not a directory");
  },
});

treeTest(
  "openScanned() reads a file that its owner may not read, and leaves it so",
  {
    script: `printf secret >file; chmod 0 file; chown -h ${OTHER_USER} file .`,
    root: true,
  },
  (path) => {
    const directory = openat(-100, byteStringFromText(path), { flags: O.RDONLY | O.DIRECTORY });
    asUser(OTHER_USER, () => {
      using file = openScanned(directory, "file");
      assert(file !== null);
      assertEquals([file.status.mode & 0o7777, file.status.size], [0, 6]);
    });
    close(directory);
    assertEquals((Deno.statSync(`${path}/file`).mode ?? 1) & 0o7777, 0);
  },
);

treeTest(
  "withPermissionsOn() puts the mode back, whatever happens to the action and the descriptor",
  { script: "mkdir -m 2500 d" },
  (path) => {
    const open = () => openat(-100, byteStringFromText(`${path}/d`), { flags: O.RDONLY });
    const mode = () => (Deno.statSync(`${path}/d`).mode ?? 0) & 0o7777;
    const fd = open();
    const seen = withPermissionsOn({ fd, permissions: 0o200 }, () => {
      const { mode } = statusOf(fd);
      close(fd);
      return mode & 0o7777;
    });
    assertEquals([seen, mode()], [0o2700, 0o2500]);
    const again = open();
    let message = "";
    try {
      withPermissionsOn({ fd: again, permissions: 0o200 }, () => {
        throw new Error("of the action");
      });
    } catch (error) {
      message = String(error);
    }
    close(again);
    assertStringIncludes(message, "of the action");
    assertEquals(mode(), 0o2500);
  },
);
