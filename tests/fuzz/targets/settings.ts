import { assert, assertEquals } from "@std/assert";
import { bytesOf, byteString, byteStringFromText } from "../../../src/bytes/mod.ts";
import { parseConfFile, parseDirectives } from "../../../src/config/conf_file.ts";
import { parseReference } from "../../../src/image/source/reference.ts";
import { parseChallenges } from "../../../src/registry/challenge.ts";
import { parseNetrc } from "../../../src/registry/credentials/netrc.ts";
import { findGroup, findUser } from "../../../src/runtime/plan/accounts.ts";
import { formatVerbatim, readVerbatim } from "../../../src/formats/environment/mod.ts";
import {
  addVariables,
  formatEnvironment,
  mergeEnvironment,
} from "../../../src/runtime/plan/environ.ts";
import {
  parseFstab,
  parseMountArgument,
  substituteInFstab,
} from "../../../src/runtime/plan/fstab.ts";
import { parseLoginDefs } from "../../../src/runtime/plan/login_defs.ts";
import { formatMountEntry } from "../../../src/runtime/plan/mount_text.ts";
import { type FuzzTarget, isEnrootRefusal } from "../target.ts";

const WORDS: readonly string[] = [
  ..."\0 \n \r \t \" ' ` $ ${ } $( ) \\ \\040 # = : , / .. ~ ; & < machine login password".split(
    " ",
  ),
  ...[
    "default",
    "macdef x\n",
    "${A:-${B:-",
    "$((",
    "ENROOT_X=",
    "#ENROOT_",
    "rbind",
    "x-create=dir",
  ],
  ...[
    "-1",
    "0x7fffffff",
    "99999999999",
    "\xff\xfe",
    " ".repeat(300),
    "[".repeat(300),
    "@",
    "sha256:",
  ],
];

/** Small texts: files of users and of images, headers of servers. */
export const settingsTargets: readonly FuzzTarget[] = [
  textTarget("netrc", [
    "machine a.example login me password secret\n# c\nmachine b login x password $(cmd a b)\n",
    'default login a password b\nmachine "q\\"x" account z password "a b\\n" login c\nmacdef m\nx\n\n',
  ], (text) => {
    for (const { machine, login } of parseNetrc(text)) {
      assert(machine !== "" || login !== undefined);
    }
  }),
  textTarget("conf", [
    "# comment\nENROOT_DATA_PATH ${XDG_DATA_HOME:-$HOME/.local}/enroot\nENROOT_X=y # c\n",
    "ENROOT_TEMP_PATH \"a $(id -u) 'b' \\$\" ~/x `nproc`\nNVIDIA_A 'q'\nOTHER x\nno_proxy a,b\n",
    '#!/bin/bash\n#ENROOT_ROOTFS=/x\n# ENROOT_REMAP_ROOT=y\nenviron() { echo "A=b"; }\n',
  ], (text) => {
    for (const parse of [parseConfFile, parseDirectives]) {
      for (const { name, words } of parse(text, "enroot.conf")) {
        assert(/^[A-Za-z_0-9]+$/.test(name) && Array.isArray(words), `no name: ${name}`);
      }
    }
  }),
  textTarget("fstab", [
    "# c\n/proc /proc none rbind,x-create=dir,nosuid,slave 0 -1\ntmpfs /tmp tmpfs mode=1777,rw\n",
    "/a\\040b /c none bind,ro,nofail,silent\n/s\n/s ro\n${HOME}/x /y rbind\nnone /pts devpts\n",
    "overlay /mnt overlay lowerdir=/a:/b,upperdir=/c x\nimage.sqsh /data squashfs x-create=auto\n",
  ], checkFstab),
  textTarget("environment", [
    "PATH=/bin:/usr/bin\n# c\n  A=\"quoted\"\nENROOT_X=no\n1B=no\nLONG='a=b'\n",
    "A=\nB=${HOME}\nC=x\r\n_=d\n\nD=\\n\n",
  ], (text) => {
    const environment = new Map([["A", "host"], ["Z", "line\nline"]]);
    addVariables(environment, text);
    for (const [name, value] of environment) {
      assert(/^[A-Za-z_][A-Za-z0-9_]*$/.test(name), "no name");
      assert(!value.includes("\0") && !name.startsWith("ENROOT_"), "no value");
    }
    const before = [...environment];
    mergeEnvironment(environment, formatEnvironment(environment));
    assertEquals([...environment], before, "changed by hooks that changed nothing");
  }),
  textTarget("image environment", [
    "# enroot-environment: verbatim\nA=${B}\nL=1\n#|2\n#|\n# enroot-environment: end\nC=1\n",
    "# enroot-environment: verbatim\n B='x'\n\n#|C\nD\n",
  ], (text) => {
    const { variables } = readVerbatim(text);
    const again = formatVerbatim(variables.map((variable) => variable.join("=")));
    assertEquals(readVerbatim(again), { variables, rest: "" }, "not what was written");
  }),
  textTarget("accounts", [
    "root:x:0:0:root:/root:/bin/bash\nme:x:1000:1000:,,,:/home/me:/bin/sh\n+nis\n#c\n",
    'UMASK 022\n# c\nENV_PATH PATH=/bin:/usr/bin\nULIMIT=0x10\nLANG="C.UTF-8"\n',
    "root:x:0:\nusers:x:100:me,you\nme:!:1000:\n",
  ], (text) => {
    findUser(text, 1000);
    findGroup(text, 100);
    parseLoginDefs(text);
  }),
  textTarget("reference", [
    "docker://user@registry.example:5000#path/image:tag@sha256:" + "0".repeat(64),
    "docker://$oauthtoken@nvcr.io#nvidia/cuda:12.0",
    "docker://[::1]:5000/a/b__c.d-e:latest",
    'Bearer realm="https://a/t",service="s",scope="repository:x:pull", Basic realm=b',
  ], (text) => {
    parseChallenges(text);
    const { registry, repository } = parseReference(text);
    assert(!/[/#@\s]/.test(registry) && !repository.includes(".."), "reference to a path");
  }),
];

/** A target that reads texts, which hold one byte in each character. */
function textTarget(
  name: string,
  seeds: readonly string[],
  run: (text: string) => void,
): FuzzTarget {
  return {
    name,
    weight: 2,
    open: () => ({
      seeds: seeds.map((text) => ({ bytes: bytesOf(byteStringFromText(text)) })),
      dictionary: WORDS,
      run: (input) => run(byteString(input)),
      isRefusal: isEnrootRefusal,
    }),
  };
}

/** Mounts that were read can be written, and are the same when they are read again. */
function checkFstab(text: string): void {
  const context = { origin: "fstab", workingDirectory: "/work" };
  const variables = new Map([["HOME", "/home/a b"]]);
  const entries = parseFstab(substituteInFstab(text, variables), context);
  for (const entry of entries) {
    assert(entry.target.startsWith("/") && !entry.target.includes("\0"), "no target");
    const [again] = parseFstab(formatMountEntry(entry), context);
    assertEquals(again?.target, entry.target);
    assertEquals(again?.source, entry.source);
  }
  const [argument = ""] = text.split("\n");
  parseMountArgument(argument, "/work");
}
