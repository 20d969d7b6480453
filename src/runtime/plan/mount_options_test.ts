import { assertEquals } from "@std/assert";
import { MS } from "../../linux/mod.ts";
import { looksLikeMountOptions, parseMountOptions } from "./mount_options.ts";

Deno.test("parseMountOptions() of nothing asks for nothing", () => {
  assertEquals(parseMountOptions(""), {
    flags: 0,
    cleared: 0,
    bind: false,
    recursive: false,
    remount: false,
    move: false,
    detach: false,
    propagation: [],
    create: null,
    nofail: false,
    silent: false,
    data: "",
  });
});

Deno.test("parseMountOptions() sets and clears flags, the last word winning", () => {
  const { flags, cleared } = parseMountOptions("ro,nosuid,rw,exec,noexec,dev,noatime,lazytime");
  assertEquals(flags, MS.NOSUID | MS.NOEXEC | MS.NOATIME | MS.LAZYTIME);
  assertEquals(cleared, MS.RDONLY | MS.NODEV);
});

Deno.test("parseMountOptions() knows every flag word of the table", () => {
  const setting: [string, number][] = [
    ["ro", 0x1],
    ["nosuid", 0x2],
    ["nodev", 0x4],
    ["noexec", 0x8],
    ["sync", 0x10],
    ["mand", 0x40],
    ["dirsync", 0x80],
    ["noatime", 0x400],
    ["nodiratime", 0x800],
    ["silent", 0x8000],
    ["relatime", 0x200000],
    ["iversion", 0x800000],
    ["strictatime", 0x1000000],
    ["lazytime", 0x2000000],
  ];
  for (const [word, flag] of setting) assertEquals(parseMountOptions(word).flags, flag, word);
  const clearing: [string, number][] = [
    ["rw", 0x1],
    ["suid", 0x2],
    ["dev", 0x4],
    ["exec", 0x8],
    ["async", 0x10],
    ["nomand", 0x40],
    ["atime", 0x400],
    ["diratime", 0x800],
    ["loud", 0x8000],
    ["norelatime", 0x200000],
    ["noiversion", 0x800000],
    ["nostrictatime", 0x1000000],
    ["nolazytime", 0x2000000],
  ];
  for (const [word, flag] of clearing) assertEquals(parseMountOptions(word).cleared, flag, word);
});

Deno.test("parseMountOptions() keeps propagation types in order, with their recursion", () => {
  assertEquals(parseMountOptions("slave,rshared,bind").propagation, [
    0x80000,
    0x100000 | 0x4000,
  ]);
  assertEquals(parseMountOptions("private,unbindable").propagation, [0x40000, 0x20000]);
  assertEquals(parseMountOptions("rprivate,runbindable,rslave,shared").propagation, [
    0x44000,
    0x24000,
    0x84000,
    0x100000,
  ]);
});

Deno.test("parseMountOptions() takes a bind that is also an rbind as recursive", () => {
  const options = parseMountOptions("x-create=auto,rbind,x-create=file,bind,ro,nosuid,private");
  assertEquals([options.bind, options.recursive, options.create], [true, true, "file"]);
  assertEquals(parseMountOptions("bind").recursive, false);
});

Deno.test("parseMountOptions() lets the last x-create win", () => {
  assertEquals(parseMountOptions("x-create=file,x-create=dir").create, "dir");
  assertEquals(parseMountOptions("x-create=dir,x-create=auto").create, "auto");
});

Deno.test("parseMountOptions() passes unknown words to the file system, in order", () => {
  const { data, nofail } = parseMountOptions("mode=755,,nofail,huge=within_size,size=1g,ro");
  assertEquals(data, "mode=755,huge=within_size,size=1g");
  assertEquals(nofail, true);
});

Deno.test("parseMountOptions() passes over what fstab(5) says to other programs", () => {
  const text = "defaults,auto,noauto,user,nouser,users,nousers,owner,noowner,group,nogroup," +
    "_netdev,comment=a,x-systemd.automount,X-mount.mkdir,x-create=nonsense";
  assertEquals(parseMountOptions(text), parseMountOptions(""));
});

Deno.test("parseMountOptions() says silent unless a later word says loud", () => {
  assertEquals(parseMountOptions("silent").silent, true);
  assertEquals(parseMountOptions("silent,loud").silent, false);
});

Deno.test("parseMountOptions() tells moves, remounts and detachments", () => {
  assertEquals(parseMountOptions("x-move").move, true);
  assertEquals(parseMountOptions("x-detach").detach, true);
  assertEquals(parseMountOptions("remount").remount, true);
});

Deno.test("looksLikeMountOptions() tells options from types and paths", () => {
  for (
    const field of ["ro", "bind", "slave", "x-detach", "a,b", "size=1g", "user", "x-create=dir"]
  ) {
    assertEquals(looksLikeMountOptions(field), true, field);
  }
  for (const field of ["devpts", "none", "tmpfs", "/dst", "mnt", "fuse.sshfs", ""]) {
    assertEquals(looksLikeMountOptions(field), false, field);
  }
});
