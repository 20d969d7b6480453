import { assertEquals } from "@std/assert";
import { parseFstab } from "./fstab.ts";
import { formatMountEntry } from "./mount_text.ts";

const CONTEXT = { origin: "test", workingDirectory: "/home" };

function format(line: string): string[] {
  return parseFstab(line, CONTEXT).map(formatMountEntry);
}

Deno.test("formatMountEntry() writes what was left out", () => {
  assertEquals(format("tmpfs /d"), ["tmpfs /d tmpfs defaults"]);
  assertEquals(format("/s"), ["/s /s none rbind,x-create=auto"]);
  assertEquals(format("s/t d ro"), ["/home/s/t /d none rbind,x-create=auto,ro"]);
  assertEquals(format("none /d devpts"), ["none /d devpts defaults"]);
});

Deno.test("formatMountEntry() gives lines that parse as the same mount", () => {
  for (
    const line of [
      "/a\\040b /c\\011d none x-create=file,bind,rw,nosuid,noexec,rslave,private",
      "none /dev none x-detach,nofail,silent",
      "/a /b none x-move",
      "none / none remount,bind,ro,nodev,noatime",
      "tmpfs /tmp tmpfs size=1m,mode=755,huge=within_size,nosymfollow,strictatime",
      "none /d none rshared,runbindable,unbindable,slave",
      "\\043disk /d tmpfs defaults",
      "/back\\134slash /d none rbind,async,loud,suid,dev,exec,atime",
    ]
  ) {
    const [entry] = parseFstab(line, CONTEXT);
    const [text = ""] = format(line);
    assertEquals(parseFstab(text, CONTEXT), entry === undefined ? [] : [entry], text);
  }
});
