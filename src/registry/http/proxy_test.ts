import { assertEquals, assertThrows } from "@std/assert";
import { EnrootError } from "../../diagnostics/mod.ts";
import { proxyFor } from "./proxy.ts";

const HTTPS = new URL("https://registry.example.com/v2/");
const HTTP = new URL("http://registry.example.com:5000/v2/");

Deno.test("proxyFor() takes the variable of the scheme, then all_proxy", () => {
  const environment = {
    https_proxy: "http://s:1",
    http_proxy: "http://p:2",
    all_proxy: "socks5://a:3",
  };
  assertEquals(proxyFor(HTTPS, environment), "http://s:1");
  assertEquals(proxyFor(HTTP, environment), "http://p:2");
  assertEquals(proxyFor(HTTPS, { ALL_PROXY: "socks5://a:3" }), "socks5://a:3");
  assertEquals(proxyFor(HTTPS, { HTTPS_PROXY: "s:1" }), "http://s:1");
  assertEquals(proxyFor(HTTPS, {}), undefined);
  assertEquals(proxyFor(HTTPS, { https_proxy: "" }), undefined);
});

Deno.test("proxyFor() ignores HTTP_PROXY in upper case", () => {
  assertEquals(proxyFor(HTTP, { HTTP_PROXY: "http://p:2" }), undefined);
});

for (
  const [noProxy, url, exempt] of [
    ["*", HTTPS, true],
    ["example.com", HTTPS, true],
    [".example.com", HTTPS, true],
    ["*.example.com", HTTPS, true],
    ["a, registry.EXAMPLE.com b", HTTPS, true],
    ["ample.com", HTTPS, false],
    ["example.org,,", HTTPS, false],
    ["registry.example.com:5000", HTTP, true],
    ["registry.example.com:5001", HTTP, false],
    ["registry.example.com:443", HTTPS, true],
    ["10.0.0.0/8", new URL("http://10.200.3.4/"), true],
    ["10.0.0.0/8", new URL("http://11.0.0.1/"), false],
    ["10.0.0.0/33", new URL("http://10.0.0.1/"), false],
    ["10.0.0.0/8", HTTPS, false],
    ["::1", new URL("http://[::1]:5000/"), true],
    ["[::1]", new URL("http://[::1]:5000/"), true],
  ] as const
) {
  Deno.test(`proxyFor() with no_proxy=${noProxy} ${exempt ? "spares" : "uses"} the proxy for ${url.host}`, () => {
    const proxy = proxyFor(url, { all_proxy: "http://p:1", no_proxy: noProxy });
    assertEquals(proxy, exempt ? undefined : "http://p:1");
  });
}

Deno.test("proxyFor() does not show a malformed value", () => {
  const error = assertThrows(
    () => proxyFor(HTTPS, { https_proxy: "http://u:secret@:x" }),
    EnrootError,
  );
  assertEquals(error.message, "Cannot use the proxy in https_proxy: not a URL");
});
