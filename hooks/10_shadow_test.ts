import { assert, assertEquals } from "@std/assert";
import { shadow } from "./10_shadow.ts";
import { hookDouble, type HookSituation } from "../tests/support/hook_double.ts";

const tester = {
  name: "tester",
  uid: 1001,
  gid: 1001,
  gecos: "",
  directory: "/home/tester",
  shell: "/bin/sh",
};
const group = { name: "tester", gid: 1001 };
const SHELL = { "/bin/sh": { kind: "file", content: "", mode: 0o755 } } as const;
const IMAGE_PASSWD = "root:x:0:0:root:/root:/bin/bash\n" +
  "daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin\n" +
  "_apt:x:42:65534::/nonexistent:/usr/sbin/nologin\n" +
  "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n";
const IMAGE_GROUP = "root:x:0:\ndaemon:x:1:\nnogroup:x:65534:\n_apt:x:42:\n";

function run(situation: HookSituation) {
  const context = hookDouble({ passwd: tester, group, ...situation });
  shadow.run(context);
  return context.files;
}

Deno.test("shadow puts root, nobody and the caller first, and apt's user out", () => {
  const files = run({
    files: { ...SHELL, "/etc/passwd": IMAGE_PASSWD, "/etc/group": IMAGE_GROUP },
  });
  assertEquals(
    files.read("/etc/passwd"),
    "root:x:0:0:root:/root:/bin/sh\n" +
      "nobody:x:65534:65534:nobody:/:/sbin/nologin\n" +
      "tester:x:1001:1001::/home/tester:/bin/sh\n" +
      "daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin\n",
  );
  assertEquals(
    files.read("/etc/group"),
    "root:x:0:\nnogroup:x:65534:\ntester:x:1001:\ndaemon:x:1:\n",
  );
  assertEquals(files.status("/etc/passwd"), { kind: "file", mode: 0o644 });
});

Deno.test("shadow changes nothing the second time", () => {
  const situation = { passwd: tester, group, files: { ...SHELL, "/etc/passwd": IMAGE_PASSWD } };
  const context = hookDouble(situation);
  shadow.run(context);
  assert(context.files.writes.length > 0);
  context.files.writes.length = 0;
  shadow.run(context);
  assertEquals(context.files.writes, []);
});

Deno.test("shadow keeps lines it does not understand, and other names of the same id", () => {
  const files = run({
    files: {
      ...SHELL,
      "/etc/passwd": "ubuntu:x:1001:1001::/home/ubuntu:/bin/sh\nbroken\n\n+::::::",
    },
  });
  assertEquals(files.read("/etc/passwd")?.split("\n").slice(3), [
    "ubuntu:x:1001:1001::/home/ubuntu:/bin/sh",
    "broken",
    "+::::::",
    "",
  ]);
});

Deno.test("shadow works for an image without accounts", () => {
  const files = run({});
  assertEquals(files.read("/etc/group"), "root:x:0:\nnogroup:x:65534:\ntester:x:1001:\n");
  assertEquals(files.read("/etc/passwd")?.split("\n").length, 4);
});

Deno.test("shadow asks the kernel which ids stand for nobody", () => {
  const files = run({
    hostFiles: { "/proc/sys/kernel/overflowuid": "99\n", "/proc/sys/kernel/overflowgid": "98\n" },
  });
  assertEquals(files.read("/etc/passwd")?.split("\n")[1], "nobody:x:99:98:nobody:/:/sbin/nologin");
  assertEquals(files.read("/etc/group")?.split("\n")[1], "nogroup:x:98:");
});

Deno.test("shadow keeps the caller's shell where the container has it", () => {
  const shellOf = (situation: HookSituation) =>
    run(situation).read("/etc/passwd")?.split("\n")[2]?.split(":")[6];
  const passwd = { ...tester, shell: "/bin/zsh" };
  assertEquals(shellOf({ passwd, files: { "/bin/zsh": SHELL["/bin/sh"] } }), "/bin/zsh");
  assertEquals(shellOf({ passwd, files: { "/bin/zsh": "not executable" } }), "/bin/sh");
  assertEquals(shellOf({ passwd, files: { "/bin/zsh/": "" } }), "/bin/sh");
  assertEquals(
    shellOf({ passwd, files: { "/etc/default/useradd": "SHELL=/bin/ash\n" } }),
    "/bin/ash",
  );
  assertEquals(shellOf({ passwd: { ...tester, shell: "" } }), "/bin/sh");
});

Deno.test("shadow takes root's entry from the host when the caller is root", () => {
  const files = run({
    hostUid: 0,
    passwd: { ...tester, name: "root", uid: 0, gid: 0, directory: "/var/root" },
    group: { name: "root", gid: 0 },
    files: { ...SHELL, "/etc/passwd": IMAGE_PASSWD },
  });
  assertEquals(files.read("/etc/passwd")?.split("\n").slice(0, 3), [
    "root:x:0:0::/var/root:/bin/sh",
    "nobody:x:65534:65534:nobody:/:/sbin/nologin",
    "daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin",
  ]);
  assertEquals(files.read("/etc/group"), "root:x:0:\nnogroup:x:65534:\n");
});

Deno.test("shadow makes an entry for a caller without one", () => {
  const entry = (hostEnvironment: Record<string, string>) =>
    run({ hostUid: 4321, hostGid: 55, passwd: null, group: null, hostEnvironment })
      .read("/etc/passwd")?.split("\n")[2];
  assertEquals(entry({ USER: "job", HOME: "/scratch" }), "job:x:4321:55::/scratch:/bin/sh");
  assertEquals(entry({ USER: "root" }), "4321:x:4321:55::/:/bin/sh");
  assertEquals(entry({}), "4321:x:4321:55::/:/bin/sh");
});

Deno.test("shadow makes a home from the skeleton as the container's defaults say", () => {
  const skeleton = {
    "/etc/skel/.profile": "umask 022\n",
    "/etc/skel/.config/run": { kind: "file", content: "#!", mode: 0o755 },
    "/etc/skel/link": { kind: "link", target: ".profile" },
    "/etc/skel/loop": { kind: "link", target: "." },
  } as const;
  const files = run({ files: skeleton });
  assertEquals(files.status("/home"), { kind: "directory", mode: 0o755 });
  assertEquals(files.status("/home/tester"), { kind: "directory", mode: 0o700 });
  assertEquals(files.read("/home/tester/.profile"), "umask 022\n");
  assertEquals(files.status("/home/tester/.config/run"), { kind: "file", mode: 0o755 });
  assertEquals(files.readLink("/home/tester/link"), null);
  assertEquals(files.read("/home/tester/link"), "umask 022\n");

  const home = (defs: string) => run({ files: { "/etc/login.defs": defs } }).status("/home/tester");
  assertEquals(home("UMASK 022\n"), { kind: "directory", mode: 0o755 });
  assertEquals(home("UMASK 022\nHOME_MODE 0750\n"), { kind: "directory", mode: 0o750 });
  assertEquals(home("CREATE_HOME no\n"), null);
  assertEquals(home("CREATE_HOME yes\n")?.mode, 0o700);
});

Deno.test("shadow copies no more of a skeleton than a home can be expected to hold", () => {
  const large = "x".repeat(15 << 20);
  const names = ["a", "b", "c", "d", "e", "f"];
  const skeleton = Object.fromEntries(names.map((name) => [`/etc/skel/${name}`, large]));
  assertEquals(run({ files: skeleton }).list("/home/tester"), ["a", "b", "c", "d"]);
  const many = Array.from({ length: 5000 }, (_, index) => [`/etc/skel/${index}`, ""]);
  assertEquals(run({ files: Object.fromEntries(many) }).list("/home/tester").length, 4096);
});

Deno.test("shadow leaves a home that is there, and makes none at a path that is none", () => {
  const kept = run({ files: { "/home/tester/mine": "", "/etc/skel/.profile": "" } });
  assertEquals(kept.list("/home/tester"), ["mine"]);
  const files = run({ passwd: { ...tester, directory: "home" } });
  assertEquals(files.writes.filter((path) => !path.startsWith("/etc")), []);
});

Deno.test("shadow makes a mailbox where the defaults ask for one", () => {
  const useradd = { "/etc/default/useradd": "CREATE_MAIL_SPOOL=yes\n" };
  assertEquals(run({ files: useradd }).status("/var/mail/tester"), { kind: "file", mode: 0o660 });
  const defs = { "/etc/login.defs": "MAIL_DIR /var/spool/mail\n" };
  assertEquals(run({ files: { ...useradd, ...defs } }).read("/var/spool/mail/tester"), "");
  assertEquals(run({ files: defs }).status("/var/spool/mail"), null);
});
