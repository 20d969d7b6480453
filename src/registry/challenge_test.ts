import { assertEquals } from "@std/assert";
import { parseChallenges } from "./challenge.ts";

function parsed(header: string): [string, Record<string, string>][] {
  return parseChallenges(header)
    .map(({ scheme, parameters }) => [scheme, Object.fromEntries(parameters)]);
}

Deno.test("parseChallenges() keeps commas and escapes inside quotes", () => {
  assertEquals(
    parsed(
      'Bearer realm="https://a/token?x=1,2",service="s \\"q\\"",scope="repository:a:pull,push"',
    ),
    [["bearer", {
      realm: "https://a/token?x=1,2",
      service: 's "q"',
      scope: "repository:a:pull,push",
    }]],
  );
});

Deno.test("parseChallenges() separates several challenges in one header", () => {
  assertEquals(
    parsed('Negotiate, Basic realm="a, b", charset=UTF-8 , Bearer realm = "https://t/" ,service=x'),
    [
      ["negotiate", {}],
      ["basic", { realm: "a, b", charset: "UTF-8" }],
      ["bearer", { realm: "https://t/", service: "x" }],
    ],
  );
});

Deno.test("parseChallenges() takes values that are neither quoted nor plain tokens", () => {
  assertEquals(parsed("Bearer realm=https://t/token,service=x"), [
    ["bearer", { realm: "https://t/token", service: "x" }],
  ]);
});

Deno.test("parseChallenges() reads what it can of garbage", () => {
  assertEquals(parsed(""), []);
  assertEquals(parsed(",,, ,"), []);
  assertEquals(parsed("\x00"), []);
  assertEquals(parsed('Bearer realm="unterminated'), [["bearer", { realm: '"unterminated' }]]);
  assertEquals(parsed("=x"), []);
});

Deno.test("parseChallenges() takes no more than a moment for a hostile header", () => {
  parseChallenges('Bearer realm="' + '\\"'.repeat(1_000_000));
  parseChallenges("a,".repeat(1_000_000));
});
