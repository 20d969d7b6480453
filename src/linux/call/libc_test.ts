import { assertEquals, assertThrows } from "@std/assert";
import { makeTemporaryFile } from "../../../tests/support/temp.ts";
import { close, openat } from "../file/files.ts";
import { pread } from "../file/file_data.ts";
import { isSyscallError, SyscallError } from "./syscall_error.ts";

// The C library stays loaded.
Deno.test("libc() behaves the same before and after a function is opened", {
  sanitizeResources: false,
}, () => {
  using temporary = makeTemporaryFile();
  const path = temporary.path;
  Deno.writeTextFileSync(path, "text");
  for (let calls = 0; calls < 250; calls++) {
    const fd = openat(-100, path, { flags: 0 });
    const into = new Uint8Array(8);
    assertEquals(pread(fd, into, { offset: 1 }), 3);
    assertEquals(new TextDecoder().decode(into.subarray(0, 3)), "ext");
    close(fd);
    const error = assertThrows(() => openat(-100, `${path}/none`, { flags: 0 }), SyscallError);
    assertEquals(isSyscallError(error, "ENOTDIR"), true);
  }
});
