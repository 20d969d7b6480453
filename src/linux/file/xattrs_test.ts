import { assertEquals, assertThrows } from "@std/assert";
import { requiring } from "../../../tests/support/requires.ts";
import { makeTemporaryFile } from "../../../tests/support/temp.ts";
import { byteStringFromText } from "../../bytes/mod.ts";
import { AT, getXattr, listXattrs, O, openat, ownedFd, setXattr, SyscallError } from "../mod.ts";

// The C library stays loaded, which the test runner would call a leak.
const resident = { sanitizeResources: false };

Deno.test({
  ...requiring(
    { programs: ["setfattr", "getfattr"], xattrs: true },
    "extended attributes come back as they were set",
  ),
  ...resident,
  fn() {
    using temporary = makeTemporaryFile();
    const path = temporary.path;
    const name = byteStringFromText(path);
    using file = ownedFd(openat(AT.FDCWD, name, { flags: O.RDWR }));
    assertEquals(listXattrs(file.fd), []);
    const value = Uint8Array.of(0, 255, 10);
    setXattr(file.fd, "user.one", { value });
    setXattr(name, "user.caf\xe9", { value: new Uint8Array() });
    assertEquals(listXattrs(file.fd).sort(), ["user.caf\xe9", "user.one"]);
    assertEquals(listXattrs(name).sort(), ["user.caf\xe9", "user.one"]);
    assertEquals(getXattr(name, "user.one"), value);
    assertEquals(getXattr(file.fd, "user.caf\xe9"), new Uint8Array());
    assertEquals(getXattr(file.fd, "user.two"), null);
    const judge = new Deno.Command("getfattr", {
      args: ["--absolute-names", "-e", "hex", "-n", "user.one", path],
    }).outputSync();
    assertEquals(
      new TextDecoder().decode(judge.stdout).trim().split("\n")[1],
      "user.one=0x00ff0a",
    );
  },
});

Deno.test(
  "setXattr() fails where a file system has no attributes, listXattrs() gives none",
  resident,
  () => {
    assertEquals(listXattrs("/proc/self/status"), []);
    assertEquals(getXattr("/proc/self/status", "user.one"), null);
    assertThrows(
      () => setXattr("/proc/self/status", "user.one", { value: new Uint8Array(1) }),
      SyscallError,
    );
  },
);
