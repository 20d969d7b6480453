import { assert, assertEquals } from "@std/assert";
import { type LoginRequest, type LoginSession, planLogin } from "./login.ts";
import { filesDouble } from "../../../tests/support/root_files_double.ts";

/** The parts of Debian's login.defs that matter. */
const DEBIAN_DEFS = `#
# /etc/login.defs - Configuration control definitions for the login package.
#
MAIL_DIR        /var/mail
#MAIL_FILE      .mail
FAILLOG_ENAB		yes
ENV_SUPATH	PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
ENV_PATH	PATH=/usr/local/bin:/usr/bin:/bin:/usr/local/games:/usr/games
ERASECHAR	0177
UMASK		022
HUSHLOGIN_FILE	.hushlogin
DEFAULT_HOME	yes
USERGROUPS_ENAB yes
#FAKE_SHELL /bin/fakeshell
`;

const PASSWD = `root:x:0:0:root:/root:/bin/sh
nobody:x:65534:65534:nobody:/:/sbin/nologin
tester:x:1001:1001::/home/tester:/bin/sh
daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin
`;
const GROUP = "root:x:0:\nnogroup:x:65534:\ntester:x:1001:\ndaemon:x:1:\n";

const DEBIAN = {
  "/etc/login.defs": DEBIAN_DEFS,
  "/etc/passwd": PASSWD,
  "/etc/group": GROUP,
};

function session(
  files: Record<string, string>,
  request: Partial<LoginRequest> = {},
): LoginSession {
  const plan = planLogin({
    files: filesDouble(files),
    uid: 1001,
    hostUid: 1001,
    environment: new Map(),
    umask: 0o022,
    ...request,
  });
  assert(plan.kind === "session");
  return plan;
}

Deno.test("planLogin() logs a user into Debian as login(1) would", () => {
  const environment = new Map([["FOO", "bar"], ["TERM", "dumb"]]);
  assertEquals(session(DEBIAN, { environment }), {
    kind: "session",
    variables: new Map([
      ["HOME", "/home/tester"],
      ["SHELL", "/bin/sh"],
      ["USER", "tester"],
      ["LOGNAME", "tester"],
      ["PATH", "/usr/local/bin:/usr/bin:/bin:/usr/local/games:/usr/games"],
    ]),
    umask: 0o002,
    fileSizeLimit: null,
    home: { directory: "/home/tester", required: false },
    fakeShell: null,
    messageFiles: [],
  });
});

Deno.test("planLogin() calls a remapped root by both names", () => {
  const plan = session(DEBIAN, { uid: 0 });
  assertEquals([...plan.variables], [
    ["TERM", "dumb"],
    ["HOME", "/root"],
    ["SHELL", "/bin/sh"],
    ["USER", "root"],
    ["LOGNAME", "tester"],
    ["PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
  ]);
  assertEquals(plan.umask, 0o022);
});

Deno.test("planLogin() changes no variable that is set, even to nothing", () => {
  const set = ["HOME", "SHELL", "USER", "LOGNAME", "PATH", "TERM"].map((name) =>
    [name, ""] as [string, string]
  );
  const plan = session(DEBIAN, { environment: new Map(set) });
  assertEquals([...plan.variables], []);
  assertEquals(plan.home, null);
});

Deno.test("planLogin() needs none of the container's files", () => {
  assertEquals(session({}), {
    kind: "session",
    variables: new Map([["TERM", "dumb"], ["PATH", "/usr/bin:/bin"]]),
    umask: 0o022,
    fileSizeLimit: null,
    home: null,
    fakeShell: null,
    messageFiles: [],
  });
  assertEquals(session({}, { uid: 0 }).variables.get("PATH"), "/usr/bin:/bin:/usr/sbin:/sbin");
});

Deno.test("planLogin() refuses all but root while there is a nologin file", () => {
  const request = { hostUid: 7, environment: new Map(), umask: 0o022 };
  const files = filesDouble({ "/etc/nologin": "Closed.\n" });
  assertEquals(planLogin({ ...request, files, uid: 7 }), { kind: "nologin", message: "Closed.\n" });
  assertEquals(planLogin({ ...request, files, uid: 0 }).kind, "session");
  const elsewhere = filesDouble({
    "/etc/login.defs": "NOLOGINS_FILE /x\n",
    "/etc/nologin": "Closed.\n",
  });
  assertEquals(planLogin({ ...request, files: elsewhere, uid: 7 }).kind, "session");
  elsewhere.replace("/x", "", 0o644);
  assertEquals(planLogin({ ...request, files: elsewhere, uid: 7 }), {
    kind: "nologin",
    message: "",
  });
});

Deno.test("planLogin() gives the group what the user has only in a group of the user's own", () => {
  const defs = "USERGROUPS_ENAB yes\nUMASK 027\n";
  const umask = (passwd: string, group: string, text = defs) =>
    session({ "/etc/login.defs": text, "/etc/passwd": passwd, "/etc/group": group }).umask;
  const own = "tester:x:1001:1001::/:/bin/sh\n";
  assertEquals(umask(own, GROUP), 0o007);
  assertEquals(umask(own, GROUP, "UMASK 027\n"), 0o027);
  assertEquals(umask(own, GROUP, "USERGROUPS_ENAB yes\n"), 0o002);
  assertEquals(umask(own, "users:x:1001:\n"), 0o027);
  assertEquals(umask("tester:x:1001:100::/:/bin/sh\n", "tester:x:100:\n"), 0o027);
  assertEquals(umask("", GROUP), 0o027);
  assertEquals(umask(own, GROUP, "UMASK nonsense\n"), 0o022);
});

Deno.test("planLogin() finds the mailbox by the first rule that gives one", () => {
  const mail = (defs: string) =>
    session({ "/etc/login.defs": defs, "/etc/passwd": PASSWD }).variables.get("MAIL");
  assertEquals(mail("MAIL_DIR /var/mail\n"), undefined);
  assertEquals(mail("MAIL_CHECK_ENAB yes\nMAIL_DIR /spool\nMAIL_FILE .mail\n"), "/spool/tester");
  assertEquals(mail("MAIL_CHECK_ENAB yes\nMAIL_FILE .mail\n"), "/home/tester/.mail");
  assertEquals(mail("MAIL_CHECK_ENAB yes\n"), "/var/mail/tester");
});

Deno.test("planLogin() takes the time zone from the setting or from the file it names", () => {
  const zone = (files: Record<string, string>) => session(files).variables.get("TZ");
  assertEquals(zone({ "/etc/login.defs": "ENV_TZ TZ=CST6CDT\n" }), "CST6CDT");
  assertEquals(zone({ "/etc/login.defs": "ENV_TZ UTC\n" }), "UTC");
  assertEquals(zone({ "/etc/login.defs": "ENV_TZ /tz\n", "/tz": "TZ=UTC\nx" }), "UTC");
  assertEquals(zone({ "/etc/login.defs": "ENV_TZ /tz\n" }), undefined);
});

Deno.test("planLogin() takes locale variables and no others from locale.conf", () => {
  const files = { "/etc/locale.conf": 'LANG="C.UTF-8"\nLC_TIME=de_DE\nLD_PRELOAD=/x\nLC_ALL=C\n' };
  const { variables } = session(files, { environment: new Map([["LC_TIME", "C"]]) });
  assertEquals([...variables], [["TERM", "dumb"], ["PATH", "/usr/bin:/bin"], ["LANG", "C.UTF-8"]]);
});

Deno.test("planLogin() limits file sizes in blocks", () => {
  const limit = (value: string) =>
    session({ "/etc/login.defs": `ULIMIT ${value}\n` }).fileSizeLimit;
  assertEquals(["2048", "-1", "0", "99999999999999999", "many", "1.5"].map(limit), [
    1 << 20,
    Infinity,
    0,
    Infinity,
    null,
    null,
  ]);
});

Deno.test("planLogin() lists messages of the day unless the login is hushed", () => {
  const defs = "MOTD_FILE /etc/motd:/usr/lib/motd:\nHUSHLOGIN_FILE .hush\n";
  const files = { "/etc/login.defs": defs, "/etc/passwd": PASSWD };
  const motd = ["/etc/motd", "/usr/lib/motd"];
  assertEquals(session(files).messageFiles, motd);
  assertEquals(session({ ...files, "/home/tester/.hush": "" }).messageFiles, []);
  const listed = { ...files, "/etc/login.defs": defs.replace(".hush", "/etc/hush") };
  assertEquals(session({ ...listed, "/etc/hush": "other\n" }).messageFiles, motd);
  assertEquals(session({ ...listed, "/etc/hush": "tester\n" }).messageFiles, []);
  assertEquals(session({ ...listed, "/etc/hush": "/bin/sh\n" }).messageFiles, []);
});

Deno.test("planLogin() tells whether the home directory is needed, and a fake shell", () => {
  const files = { "/etc/passwd": PASSWD, "/etc/login.defs": "FAKE_SHELL /bin/fake\n" };
  const plan = session(files);
  assertEquals(plan.home, { directory: "/home/tester", required: true });
  assertEquals(plan.fakeShell, "/bin/fake");
});
