import { assert, assertEquals, assertThrows } from "@std/assert";
import { requiring } from "../../../tests/support/requires.ts";
import { EnrootError } from "../../diagnostics/mod.ts";
import {
  escapeFstabField,
  type MountEntry,
  parseFstab,
  parseMountArgument,
  substituteInFstab,
} from "./fstab.ts";
import { parseMountOptions } from "./mount_options.ts";

const context = { origin: "/etc/fstab", workingDirectory: "/home/me" };

function only(line: string): MountEntry {
  const entries = parseFstab(line, context);
  assertEquals(entries.length, 1, line);
  const [entry] = entries;
  assert(entry !== undefined);
  return entry;
}

/** Source, target, type and pass of a line. */
function fieldsOf(line: string): [string, string, string, number] {
  const { source, target, type, pass } = only(line);
  return [source, target, type, pass];
}

Deno.test("parseFstab() reads whole lines, comments and blank ones", () => {
  const text = "# /a /b none bind\n\n  \t\n/proc\t/proc none  x-create=dir,rbind,slave 0 -1\n" +
    "   # more\n  devpts /dev/pts devpts newinstance 0 0";
  assertEquals(parseFstab(text, context), [
    {
      source: "/proc",
      target: "/proc",
      type: "none",
      options: parseMountOptions("x-create=dir,rbind,slave"),
      plain: false,
      pass: -1,
      origin: "/etc/fstab line 4",
    },
    {
      source: "devpts",
      target: "/dev/pts",
      type: "devpts",
      options: parseMountOptions("newinstance"),
      plain: false,
      pass: 0,
      origin: "/etc/fstab line 6",
    },
  ]);
});

Deno.test("parseFstab() reads a carriage return as a blank", () => {
  assertEquals(fieldsOf("/a /b none bind\r"), ["/a", "/b", "none", 0]);
});

Deno.test("parseFstab() completes omitted fields", () => {
  const bound = parseMountOptions("rbind,x-create=auto");
  const cases: [string, string, string, string, MountEntry["options"]][] = [
    ["tmpfs /d", "tmpfs", "/d", "tmpfs", parseMountOptions("")],
    ["tmpfs /d x-create=dir", "tmpfs", "/d", "tmpfs", parseMountOptions("x-create=dir")],
    ["tmpfs /d size=1g", "tmpfs", "/d", "tmpfs", parseMountOptions("size=1g")],
    ["tmpfs /d tmpfs", "tmpfs", "/d", "tmpfs", parseMountOptions("")],
    ["/s", "/s", "/s", "none", bound],
    ["/s bind,ro", "/s", "/s", "none", parseMountOptions("bind,ro")],
    ["/s rbind", "/s", "/s", "none", parseMountOptions("rbind")],
    ["/s ro", "/s", "/s", "none", parseMountOptions("rbind,x-create=auto,ro")],
    ["/s /d", "/s", "/d", "none", bound],
    ["/s /d,e", "/s", "/d,e", "none", bound],
    ["/s /d ro", "/s", "/d", "none", parseMountOptions("rbind,x-create=auto,ro")],
    ["/s /d x-create=file", "/s", "/d", "none", parseMountOptions("rbind,x-create=file")],
    ["/s /d bind,ro", "/s", "/d", "none", parseMountOptions("bind,ro")],
    ["/s /d x-move", "/s", "/d", "none", parseMountOptions("x-move")],
    ["none /d devpts", "none", "/d", "devpts", parseMountOptions("")],
    ["none /d rprivate", "none", "/d", "none", parseMountOptions("rprivate")],
    ["umount /d x-detach,nofail", "umount", "/d", "none", parseMountOptions("x-detach,nofail")],
  ];
  for (const [line, source, target, type, options] of cases) {
    const entry = only(line);
    assertEquals([entry.source, entry.target, entry.type], [source, target, type], line);
    assertEquals(entry.options, options, line);
  }
});

Deno.test("parseFstab() reads the three fields a Slurm job's mounts come in", () => {
  const entry = only("/data/a\\040b /mnt x-create=auto,rbind,ro,huge=within_size");
  assertEquals([entry.source, entry.target, entry.type], ["/data/a b", "/mnt", "none"]);
  assertEquals(entry.options.data, "huge=within_size");
});

Deno.test("parseFstab() takes a lone number as the pass, the second of two otherwise", () => {
  assertEquals(only("/a /b none bind").pass, 0);
  assertEquals(only("/a /b none bind -1").pass, -1);
  assertEquals(only("/a /b none bind 0 -1").pass, -1);
  assertEquals(only("/a /b none bind 1 0").pass, 0);
  assertEquals(only("/a /b none bind 0 2").pass, 2);
  assertEquals(only("/a /b bind -1").pass, -1);
  assertEquals(only("/a /b 0 -1").pass, -1);
  assertEquals(only("tmpfs /b -1").pass, -1);
});

Deno.test("parseFstab() passes over what follows the options and is no number", () => {
  assertEquals(only("/a /b none bind # why").pass, 0);
  assertEquals(only("/a /b none bind 0 -1 # why").pass, -1);
  assertEquals(only("/a /b none bind 99999999999999999999 -1").pass, -1);
});

Deno.test("parseFstab() decodes octal escapes, once", () => {
  assertEquals(fieldsOf("/a\\040b\\011c\\012d\\134e /\\043\\057 none bind"), [
    "/a b\tc\nd\\e",
    "/#/",
    "none",
    0,
  ]);
  assertEquals(only("/a\\\\040 /b").source, "/a\\040");
  assertEquals(only("/a\\134040 /b").source, "/a\\040");
  assertEquals(only("/a\\9\\04\\x /b").source, "/a\\9\\04\\x");
});

Deno.test("parseFstab() makes bind sources absolute and leaves other words alone", () => {
  assertEquals(only(". /mnt").source, "/home/me/.");
  assertEquals(only("data /mnt none bind").source, "/home/me/data");
  assertEquals(only("data mnt/x none rbind").target, "/mnt/x");
  assertEquals(only("overlay /mnt overlay lowerdir=l").source, "overlay");
  assertEquals(only("none /mnt none remount,bind,ro").source, "none");
  assertEquals(only("./x ro").target, "/home/me/./x");
});

Deno.test("parseFstab() names origin and line of what it cannot read", () => {
  for (const line of ["tmpfs", "word ro", "/a ro /b", "/a\\000 /b"]) {
    const text = `/x /y\n${line}\n`;
    const error = assertThrows(() => parseFstab(text, context), EnrootError);
    assertEquals(error.message, "Cannot parse /etc/fstab line 2: not an fstab entry", line);
  }
});

Deno.test("parseFstab() takes long lines in linear time", () => {
  const start = performance.now();
  const entry = only(`/a${"\\040".repeat(100_000)} /b none ${"x,".repeat(100_000)}`);
  assertEquals(entry.source.length, 100_002);
  assert(performance.now() - start < 2000);
});

Deno.test("parseMountArgument() separates fields by colons, or by blanks where it has none", () => {
  const { workingDirectory } = context;
  const shapes: [string, [string, string, string]][] = [
    [".:mnt", ["/home/me/.", "/mnt", "none"]],
    ["/a:/b", ["/a", "/b", "none"]],
    ["/a /b", ["/a", "/b", "none"]],
    ["/a:/b:none:bind,ro,x-create=file", ["/a", "/b", "none"]],
    ["/a:/b:ro", ["/a", "/b", "none"]],
    ["/a:", ["/a", "/a", "none"]],
    ["tmpfs:/scratch:x-create=dir", ["tmpfs", "/scratch", "tmpfs"]],
    ["/a\\072b:/c", ["/a:b", "/c", "none"]],
    ["/a b:/c", ["/a b", "/c", "none"]],
    ["/a  b:/c\td\n:none:bind", ["/a  b", "/c\td\n", "none"]],
    ["/a b:", ["/a b", "/a b", "none"]],
    ["/a b:ro", ["/a b", "/a b", "none"]],
    ["my files:/c d:rbind,ro", ["/home/me/my files", "/c d", "none"]],
    ["/a\\040b c:/d", ["/a b c", "/d", "none"]],
    ["/a::/b:", ["/a", "/b", "none"]],
    ["/a /b none bind,ro", ["/a", "/b", "none"]],
    ["/a\\040b /c", ["/a b", "/c", "none"]],
  ];
  for (const [argument, expected] of shapes) {
    const { source, target, type } = parseMountArgument(argument, workingDirectory);
    assertEquals([source, target, type], expected, argument);
  }
});

Deno.test("parseMountArgument() refuses what names no source", () => {
  for (const argument of ["", ":", ":/dst", "tmpfs", "  "]) {
    const error = assertThrows(
      () => parseMountArgument(argument, "/"),
      EnrootError,
      "Invalid argument: ",
    );
    assertEquals(error.message, `Invalid argument: ${argument}`);
  }
});

Deno.test("escapeFstabField() is undone by parseFstab()", () => {
  const path = "/a b\tc\nd\\e\\040\x0b\xff#";
  assertEquals(only(`${escapeFstabField(path)} /b`).source, path);
});

Deno.test("substituteInFstab() keeps a value one field", () => {
  const variables = new Map([["PWD", "/home/a b"], ["E", "\\040"]]);
  assertEquals(
    substituteInFstab("# x\n${PWD}/c /mnt none ${NONE}bind\n${E}", variables),
    "# x\n/home/a\\040b/c /mnt none bind\n\\040",
  );
});

Deno.test("substituteInFstab() takes a reference alone on its line as a whole entry", () => {
  const variables = new Map([["MOUNTS", "/a /b none bind\n/c /d"]]);
  assertEquals(substituteInFstab(" ${MOUNTS}\t", variables), " /a /b none bind\n/c /d\t");
});

Deno.test("the mounts that come with enroot parse, and come before the hooks", async () => {
  const shipped = async (name: string) => {
    const file = new URL(`../../../conf/mounts/${name}`, import.meta.url);
    const entries = parseFstab(await Deno.readTextFile(file), { ...context, origin: name });
    for (const { pass, options, target } of entries) {
      assertEquals([pass, options.data.replace(/^mode=[0-9]+$/, "")], [-1, ""], target);
    }
    return entries.map(({ target, type }) => `${type} ${target}`);
  };
  assertEquals(await shipped("10-system.fstab"), [
    "none /proc",
    "none /sys",
    "none /dev",
    "tmpfs /tmp",
    "tmpfs /var/run",
    "tmpfs /var/lock",
    "none /dev/shm",
  ]);
  assertEquals(await shipped("20-config.fstab"), [
    "none /etc/hosts",
    "none /etc/hostname",
    "none /etc/resolv.conf",
    "none /etc/machine-id",
  ]);
  assertEquals((await shipped("extra/30-lxcfs.fstab")).length, 6);
});

Deno.test({
  ...requiring({ programs: ["findmnt"] }, "parseFstab() reads whole lines as findmnt(8) does"),
  fn: async () => {
    const file = await Deno.makeTempFile();
    try {
      const text =
        "/a\\040b /c\\011d none bind,ro 0 2\n# x\n\n /x\t/y\\134z  ext4   defaults,noatime\n";
      await Deno.writeTextFile(file, text);
      const { stdout } = await new Deno.Command("findmnt", {
        args: ["--tab-file", file, "--json", "-o", "SOURCE,TARGET,FSTYPE,PASSNO"],
      }).output();
      const { filesystems } = JSON.parse(new TextDecoder().decode(stdout));
      assertEquals(
        parseFstab(text, context).map(({ source, target, type, pass }) => ({
          source,
          target,
          fstype: type,
          passno: pass,
        })),
        filesystems,
      );
    } finally {
      await Deno.remove(file);
    }
  },
});
