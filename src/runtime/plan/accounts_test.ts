import { assert, assertEquals } from "@std/assert";
import {
  findGroup,
  findUser,
  formatGroupEntry,
  formatPasswdEntry,
  parseGroupEntry,
  parsePasswdEntry,
} from "./accounts.ts";

const alice = {
  name: "alice",
  uid: 1000,
  gid: 100,
  gecos: "Alice,,,",
  directory: "/home/alice",
  shell: "/bin/bash",
};

Deno.test("parsePasswdEntry() and formatPasswdEntry() undo each other", () => {
  const line = "alice:x:1000:100:Alice,,,:/home/alice:/bin/bash";
  assertEquals(parsePasswdEntry(line), alice);
  assertEquals(formatPasswdEntry(alice), line);
});

Deno.test("parsePasswdEntry() takes an entry without shell, and bytes that are not UTF-8", () => {
  assertEquals(parsePasswdEntry("a\xff::0:0::/"), {
    name: "a\xff",
    uid: 0,
    gid: 0,
    gecos: "",
    directory: "/",
    shell: "",
  });
});

Deno.test("parsePasswdEntry() passes over what is no entry", () => {
  const lines = ["", "a", "a:x:1", "a:x:b:0::/:", "a:x:-1:0::/:", "a:x:1:0:", ":x:1:0::/:"];
  const special = ["+", "+::::::", "-bob", "+@group:x:1:1::/:", "#a:x:1:1::/:"];
  const huge = ["a:x:4294967295:0::/:", "a:x:99999999999999:0::/:"];
  for (const line of [...lines, ...special, ...huge]) {
    assertEquals(parsePasswdEntry(line), null, line);
  }
});

Deno.test("parseGroupEntry() and formatGroupEntry() agree", () => {
  assertEquals(parseGroupEntry("users:x:100:alice,bob"), { name: "users", gid: 100 });
  assertEquals(parseGroupEntry("users:x:100"), { name: "users", gid: 100 });
  assertEquals(parseGroupEntry("+:::"), null);
  assertEquals(parseGroupEntry("users:x"), null);
  assertEquals(formatGroupEntry({ name: "users", gid: 100 }), "users:x:100:");
});

Deno.test("formatPasswdEntry() lets no field add lines or fields", () => {
  assertEquals(
    formatPasswdEntry({ ...alice, name: "a\nroot:x:0", gecos: "x:y\0", shell: "/bin/sh\n" }),
    "arootx0:x:1000:100:xy:/home/alice:/bin/sh",
  );
  assertEquals(formatGroupEntry({ name: "g\nwheel:", gid: 1 }), "gwheel:x:1:");
});

Deno.test("findUser() gives the first entry with the id", () => {
  const passwd = "root:x:0:0:root:/root:/bin/sh\nx:1000:y:z\nn:x:1001:1000::/:\n" +
    "alice:x:1000:100:Alice,,,:/home/alice:/bin/bash\nbob:x:1000:100::/:/bin/sh";
  assertEquals(findUser(passwd, 1000), alice);
  assertEquals(findUser(passwd, 0)?.name, "root");
  assertEquals(findUser(passwd, 100), null);
  assertEquals(findUser("", 0), null);
});

Deno.test("findGroup() gives the first entry with the id", () => {
  const group = "root:x:0:\nten:x:1000:\nhundred:x:100:a\nsame:x:100:\n";
  assertEquals(findGroup(group, 100), { name: "hundred", gid: 100 });
  assertEquals(findGroup(group, 10), null);
});

Deno.test("findUser() goes through a hundred thousand entries quickly", () => {
  const lines = Array.from({ length: 100_000 }, (_, n) => `u${n}:x:${n}:${n}::/home/u${n}:/bin/sh`);
  const start = performance.now();
  assertEquals(findUser(lines.join("\n"), 99_999)?.name, "u99999");
  assert(performance.now() - start < 1000);
});
