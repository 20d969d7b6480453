import { assertEquals, assertThrows } from "@std/assert";
import { EnrootError } from "../../diagnostics/mod.ts";
import { parseRunConfig } from "./image_config.ts";
import { parseImageConfig } from "./mod.ts";

const DIGEST = `sha256:${"cd".repeat(32)}`;
const EMPTY = { env: [], entrypoint: [], cmd: [], workingDir: "", labels: [], volumes: [] };

function parse(document: unknown) {
  return parseImageConfig(new TextEncoder().encode(JSON.stringify(document)));
}

Deno.test("parseImageConfig() reads what a container needs", () => {
  assertEquals(
    parse({
      os: "linux",
      architecture: "arm64",
      variant: "v8",
      rootfs: { type: "layers", diff_ids: [DIGEST] },
      config: {
        Env: ["PATH=/bin", "A="],
        Entrypoint: ["/entry", ""],
        Cmd: ["a", "b"],
        WorkingDir: "/srv",
        Labels: { z: "1", a: "2\n3" },
        Volumes: { "/z": {}, "/a": {} },
        User: "1000",
      },
    }),
    {
      platform: { os: "linux", architecture: "arm64", variant: "v8" },
      diffIds: [DIGEST],
      run: {
        env: ["PATH=/bin", "A="],
        entrypoint: ["/entry", ""],
        cmd: ["a", "b"],
        workingDir: "/srv",
        labels: [["z", "1"], ["a", "2\n3"]],
        volumes: ["/a", "/z"],
      },
    },
  );
});

Deno.test("parseImageConfig() takes what is null or missing for empty", () => {
  const platform = { os: "", architecture: "", variant: "" };
  const expected = { platform, diffIds: [], run: EMPTY };
  assertEquals(parse({}), expected);
  assertEquals(parse({ config: null, rootfs: null, os: null }), expected);
  const config = {
    Env: null,
    Entrypoint: null,
    Cmd: null,
    WorkingDir: null,
    Labels: null,
    Volumes: null,
  };
  assertEquals(parse({ config, rootfs: { diff_ids: null } }), expected);
});

Deno.test("parseRunConfig() knows the ways in which commands are not said", () => {
  assertEquals(parseRunConfig({ Entrypoint: [""], Cmd: [""] }), EMPTY);
  assertEquals(parseRunConfig({ Entrypoint: "", Cmd: "ls" }), { ...EMPTY, cmd: ["ls"] });
  assertEquals(parseRunConfig({ Cmd: ["", "x"] }), { ...EMPTY, cmd: ["", "x"] });
});

Deno.test("parseRunConfig() survives keys that mean something to JavaScript", () => {
  const config = JSON.parse('{"Labels": {"__proto__": "a", "constructor": null}}');
  assertEquals(parseRunConfig(config).labels, [["__proto__", "a"], ["constructor", ""]]);
});

Deno.test("parseImageConfig() refuses malformed configurations, saying where", () => {
  const bad: [unknown, string][] = [
    [{ config: [] }, "config of image configuration: not an object"],
    [{ config: { Env: {} } }, "Env: not a list"],
    [{ config: { Env: [1] } }, "word of Env: not a string"],
    [{ config: { Cmd: { 0: "x" } } }, "Cmd: not a list"],
    [{ config: { Labels: { a: 1 } } }, "value in Labels: not a string"],
    [{ config: { Labels: ["a"] } }, "Labels: not an object"],
    [{ config: { Volumes: "x" } }, "Volumes: not an object"],
    [{ config: { WorkingDir: 1 } }, "WorkingDir: not a string"],
    [{ architecture: 1 }, "architecture of image configuration: not a string"],
    [{ rootfs: { diff_ids: ["md5:1"] } }, "md5:1"],
    [{ config: { Env: ["A=\0"] } }, "Env of image configuration: NUL"],
    [{ config: { Cmd: ["\0"] } }, "Cmd of image configuration: NUL"],
    [{ config: { Volumes: { "/\0": {} } } }, "Volumes of image configuration: NUL"],
    [{ config: { WorkingDir: "/\0" } }, "WorkingDir of image configuration: NUL"],
  ];
  for (const [document, message] of bad) {
    assertThrows(() => parse(document), EnrootError, message);
  }
  assertThrows(() => parseImageConfig(new Uint8Array(9_000_000)), EnrootError, "larger than");
});
