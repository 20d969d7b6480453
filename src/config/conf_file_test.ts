import { assertEquals, assertThrows } from "@std/assert";
import { EnrootError } from "../diagnostics/mod.ts";
import { parseConfFile, parseDirectives } from "./conf_file.ts";
import type { Word } from "./word.ts";

/** A word without anything to expand. */
function plain(text: string): Word {
  return [{ kind: "text", text, quoted: false }];
}

function names(text: string): string[] {
  return parseConfFile(text, "enroot.conf").map(({ name }) => name);
}

Deno.test("parseConfFile() reads NAME VALUE and NAME=VALUE lines", () => {
  assertEquals(
    parseConfFile("ENROOT_A  x y\nENROOT_B=x\n\tENROOT_C = x\nENROOT_D\r\n", "f"),
    [
      { name: "ENROOT_A", words: [plain("x"), plain("y")], place: "f: line 1" },
      { name: "ENROOT_B", words: [plain("x")], place: "f: line 2" },
      { name: "ENROOT_C", words: [plain("x")], place: "f: line 3" },
      { name: "ENROOT_D", words: [], place: "f: line 4" },
    ],
  );
});

Deno.test("parseConfFile() passes over comments, blank lines and names it must not set", () => {
  assertEquals(
    names("# ENROOT_A x\n\n  # y\n#ENROOT_B y\nPATH /bin\nLD_PRELOAD=x\nENROOT_a y"),
    [],
  );
  assertEquals(
    names("no_proxy x\nNVIDIA_X y\nMELLANOX_Y z\nSSL_CERT_DIR /x\nSSL_CERT_OTHER y\nall_proxy x"),
    ["no_proxy", "NVIDIA_X", "MELLANOX_Y", "SSL_CERT_DIR", "all_proxy"],
  );
});

Deno.test("parseConfFile() keeps an equals sign in a value", () => {
  const [assignment] = parseConfFile("https_proxy http://u:p=@h", "f");
  assertEquals(assignment?.words, [plain("http://u:p=@h")]);
});

Deno.test("parseConfFile() names the file and line of a malformed value", () => {
  assertThrows(
    () => parseConfFile('ENROOT_A x\nENROOT_B "x\n', "/etc/enroot/enroot.conf"),
    EnrootError,
    'Invalid configuration file: /etc/enroot/enroot.conf: line 2: unterminated "',
  );
  assertThrows(
    () => parseConfFile("=x", "f"),
    EnrootError,
    "Invalid configuration file: f: line 1",
  );
});

Deno.test("parseDirectives() reads comment lines that set ENROOT variables", () => {
  const text = "#! /usr/bin/enroot batch\n#ENROOT_ROOTFS=a.sqsh\n# ENROOT_REMAP_ROOT y\n" +
    "ENROOT_X=y\n  #ENROOT_Y=y\n#NVIDIA_X=y\nmounts() { echo x; }\n";
  assertEquals(
    parseDirectives(text, "f").map(({ name }) => name),
    ["ENROOT_ROOTFS", "ENROOT_REMAP_ROOT"],
  );
});
