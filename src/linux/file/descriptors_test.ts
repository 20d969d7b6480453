import { assert, assertEquals } from "@std/assert";
import { hasCloseRange, openDescriptors } from "./descriptors.ts";
import { AT, close, O, openat } from "./files.ts";

/** The C library stays loaded for good. */
const resident = { sanitizeResources: false };

Deno.test("openDescriptors() lists what is open, and not what it opened itself", resident, () => {
  const before = openDescriptors();
  const fd = openat(AT.FDCWD, "/", { flags: O.PATH });
  try {
    assert([0, 1, 2].every((standard) => before.includes(standard)));
    assertEquals(openDescriptors(), [...before, fd].sort((one, other) => one - other));
  } finally {
    close(fd);
  }
});

Deno.test("hasCloseRange() goes by the kernel", resident, () => {
  const [major = 0, minor = 0] = Deno.osRelease().split(/[.-]/).map(Number);
  assertEquals(hasCloseRange(), major > 5 || (major === 5 && minor >= 9));
});
