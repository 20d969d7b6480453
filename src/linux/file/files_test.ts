import { assert, assertEquals, assertThrows } from "@std/assert";
import { makeTemporaryDirectory } from "../../../tests/support/temp.ts";
import { byteStringFromText } from "../../bytes/mod.ts";
import {
  AT,
  close,
  fchmod,
  futimens,
  isSyscallError,
  linkat,
  mkdirat,
  mknodat,
  O,
  openat,
  openat2,
  ownedFd,
  pread,
  pwrite,
  readDirectory,
  readlinkat,
  RENAME,
  renameat2,
  RESOLVE,
  S,
  statusAt,
  statusOf,
  symlinkat,
  SyscallError,
  unlinkat,
  utimensat,
} from "../mod.ts";

// The C library stays loaded, which the test runner would call a leak.
const resident = { sanitizeResources: false };

function inTemporaryDirectory(action: (directory: number, path: string) => void): void {
  using temporary = makeTemporaryDirectory();
  const path = temporary.path;
  using directory = ownedFd(
    openat(AT.FDCWD, byteStringFromText(path), { flags: O.RDONLY | O.DIRECTORY }),
  );
  action(directory.fd, path);
}

function touch(directory: number, name: string): void {
  close(openat(directory, name, { flags: O.WRONLY | O.CREAT | O.EXCL, mode: 0o600 }));
}

function codeOf(action: () => unknown): string {
  return assertThrows(action, SyscallError).code;
}

Deno.test("openat() takes names that are not UTF-8", resident, () => {
  inTemporaryDirectory((directory) => {
    touch(directory, "caf\xe9\xff");
    assertEquals(readDirectory(directory), [{ name: "caf\xe9\xff", type: "file" }]);
  });
});

Deno.test("openat() names the call, the operand and the reason when it fails", resident, () => {
  inTemporaryDirectory((directory) => {
    const error = assertThrows(
      () => openat(directory, "missing", { flags: O.RDONLY }),
      SyscallError,
    );
    assertEquals(error.message, "openat missing: No such file or directory");
    assert(isSyscallError(error, "EACCES", "ENOENT"));
    assert(!isSyscallError(error, "EACCES"));
  });
});

Deno.test(
  "openat() takes a path as long as the kernel does and refuses a longer one",
  resident,
  () => {
    inTemporaryDirectory((directory) => {
      touch(directory, "x");
      const longest = "./".repeat(2047) + "x";
      assertEquals(longest.length, 4095);
      close(openat(directory, longest, { flags: O.RDONLY }));
      assertEquals(codeOf(() => openat(directory, "." + longest, { flags: 0 })), "ENAMETOOLONG");
    });
  },
);

Deno.test("openat() refuses a path with a NUL in it", resident, () => {
  assertThrows(() => openat(AT.FDCWD, "/etc\0/x", { flags: O.RDONLY }), TypeError);
});

Deno.test(
  "openat() with O.NOFOLLOW and O.DIRECTORY opens a directory but no link to one",
  resident,
  () => {
    inTemporaryDirectory((directory) => {
      mkdirat(directory, "real", { mode: 0o700 });
      symlinkat(directory, "link", { target: "real" });
      const flags = O.RDONLY | O.DIRECTORY | O.NOFOLLOW;
      close(openat(directory, "real", { flags }));
      assertEquals(codeOf(() => openat(directory, "link", { flags })), "ENOTDIR");
      assertEquals(codeOf(() => openat(directory, "link", { flags: O.NOFOLLOW })), "ELOOP");
    });
  },
);

Deno.test("openat() sets close-on-exec", resident, () => {
  inTemporaryDirectory((directory) => {
    const flags = Deno.readTextFileSync(`/proc/self/fdinfo/${directory}`).match(/flags:\s+(\d+)/);
    assert(parseInt(flags?.[1] ?? "0", 8) & 0o2000000);
  });
});

Deno.test(
  "openat2() resolves absolute links inside the root and refuses to leave it",
  resident,
  () => {
    inTemporaryDirectory((directory) => {
      mkdirat(directory, "etc", { mode: 0o700 });
      touch(directory, "etc/here");
      symlinkat(directory, "link", { target: "/../../etc" });
      const flags = O.RDONLY;
      close(openat2(directory, "link/here", { flags, resolve: RESOLVE.IN_ROOT }));
      assertEquals(
        codeOf(() => openat2(directory, "link/passwd", { flags, resolve: RESOLVE.IN_ROOT })),
        "ENOENT",
      );
      assertEquals(
        codeOf(() => openat2(directory, "link/here", { flags, resolve: RESOLVE.BENEATH })),
        "EXDEV",
      );
      assertEquals(
        codeOf(() => openat2(directory, "link/here", { flags, resolve: RESOLVE.NO_SYMLINKS })),
        "ELOOP",
      );
    });
  },
);

Deno.test("renameat2() exchanges two names, and replaces nothing when told so", resident, () => {
  inTemporaryDirectory((directory) => {
    mkdirat(directory, "old", { mode: 0o700 });
    mkdirat(directory, "new", { mode: 0o700 });
    touch(directory, "new/file");
    const to = { toDirectory: directory, toPath: "old" };
    assertEquals(
      codeOf(() => renameat2(directory, "new", { ...to, flags: RENAME.NOREPLACE })),
      "EEXIST",
    );
    renameat2(directory, "new", { ...to, flags: RENAME.EXCHANGE });
    assertEquals(statusAt(directory, "old/file").links, 1);
    renameat2(directory, "new", { toDirectory: directory, toPath: "third" });
    assertEquals(codeOf(() => statusAt(directory, "new")), "ENOENT");
  });
});

Deno.test("linkat(), symlinkat() and readlinkat() make and read links", resident, () => {
  inTemporaryDirectory((directory) => {
    touch(directory, "file");
    linkat(directory, "file", { toDirectory: directory, toPath: "hard" });
    assertEquals(statusAt(directory, "hard").inode, statusAt(directory, "file").inode);
    assertEquals(statusAt(directory, "hard").links, 2);
    const target = "t".repeat(4095);
    symlinkat(directory, "soft", { target });
    assertEquals(readlinkat(directory, "soft"), target);
    linkat(directory, "soft", { toDirectory: directory, toPath: "soft2" });
    assertEquals(readlinkat(directory, "soft2"), target);
  });
});

Deno.test("mknodat() makes pipes and sockets", resident, () => {
  inTemporaryDirectory((directory) => {
    mknodat(directory, "pipe", { mode: S.IFIFO | 0o600 });
    mknodat(directory, "socket", { mode: S.IFSOCK | 0o600 });
    assertEquals(
      readDirectory(directory).sort((a, b) => a.name < b.name ? -1 : 1),
      [{ name: "pipe", type: "fifo" }, { name: "socket", type: "socket" }],
    );
  });
});

Deno.test("unlinkat() removes files, and directories when told so", resident, () => {
  inTemporaryDirectory((directory) => {
    touch(directory, "file");
    mkdirat(directory, "directory", { mode: 0o700 });
    assertEquals(codeOf(() => unlinkat(directory, "directory")), "EISDIR");
    unlinkat(directory, "file");
    unlinkat(directory, "directory", { flags: AT.REMOVEDIR });
    assertEquals(readDirectory(directory), []);
  });
});

Deno.test("statusAt() tells of the link, statusOf() of what is open", resident, () => {
  inTemporaryDirectory((directory, path) => {
    touch(directory, "file");
    symlinkat(directory, "link", { target: "file" });
    using file = ownedFd(openat(directory, "link", { flags: O.WRONLY }));
    pwrite(file.fd, new Uint8Array(10), { offset: 2 ** 33 });
    fchmod(file.fd, 0o4751);
    futimens(file.fd, 1_234_567_890.5);
    const status = statusOf(file.fd);
    const judge = Deno.statSync(`${path}/file`);
    assertEquals(status.mode, S.IFREG | 0o4751);
    assertEquals(status.mode, judge.mode);
    assertEquals(status.size, 2 ** 33 + 10);
    assertEquals(status.mtime, 1_234_567_890.5);
    assertEquals(Number(status.inode), judge.ino);
    assertEquals([status.uid, status.gid], [judge.uid, judge.gid]);
    assertEquals(status.blocks, judge.blocks);
    assertEquals(status.mountId, statusOf(directory).mountId);
    assertEquals(status.device, statusOf(directory).device);
    assertEquals(statusAt(directory, "link").mode & S.IFMT, S.IFLNK);
  });
  assertEquals(statusAt(AT.FDCWD, "/dev/null").special, { major: 1, minor: 3 });
});

Deno.test("utimensat() sets times before 1970, of links too", resident, () => {
  inTemporaryDirectory((directory) => {
    symlinkat(directory, "link", { target: "nowhere" });
    utimensat(directory, "link", { mtime: -2.25 });
    assertEquals(statusAt(directory, "link").mtime, -2.25);
    utimensat(directory, "link", { mtime: 2 ** 32 + 7 });
    assertEquals(statusAt(directory, "link").mtime, 2 ** 32 + 7);
  });
});

Deno.test("readDirectory() gives all entries of a large directory", resident, () => {
  inTemporaryDirectory((directory) => {
    const names = Array.from({ length: 500 }, (_, index) => `${index}`.padStart(200, "n"));
    for (const name of names) mkdirat(directory, name, { mode: 0o700 });
    const entries = readDirectory(directory);
    assertEquals(entries.map((entry) => entry.name).sort(), names.sort());
    assert(entries.every((entry) => entry.type === "directory"));
  });
});

Deno.test("ownedFd() closes at the end of the block unless released", resident, () => {
  inTemporaryDirectory((directory) => {
    let closed: number;
    let kept: number;
    {
      using first = ownedFd(openat(directory, ".", { flags: O.PATH }));
      using second = ownedFd(openat(directory, ".", { flags: O.PATH }));
      closed = first.fd;
      kept = second.release();
    }
    assertEquals(codeOf(() => statusOf(closed)), "EBADF");
    statusOf(kept);
    close(kept);
  });
});

Deno.test("pread() stops at the end of the file", resident, () => {
  inTemporaryDirectory((directory) => {
    using file = ownedFd(openat(directory, "x", { flags: O.RDWR | O.CREAT, mode: 0o600 }));
    pwrite(file.fd, Uint8Array.of(1, 2, 3, 4), { offset: 0 });
    const into = new Uint8Array(8);
    assertEquals(pread(file.fd, into, { offset: 1 }), 3);
    assertEquals(into, Uint8Array.of(2, 3, 4, 0, 0, 0, 0, 0));
    assertEquals(pread(file.fd, into, { offset: 4 }), 0);
  });
});
