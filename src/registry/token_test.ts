import { assertEquals, assertRejects } from "@std/assert";
import { EnrootError } from "../diagnostics/mod.ts";
import { RegistryServer } from "../../tests/support/registry.ts";
import { basicAuthorization, requestToken, type TokenRequest } from "./token.ts";
import { Transport } from "./http/transport.ts";

/** What a token server was asked, and what was made of its answer. */
async function exchange(
  answer: unknown,
  changes: Partial<TokenRequest> = {},
): Promise<{ token: string; request: Request; body: string }> {
  let request = new Request("http://none/");
  let body = "";
  await using server = new RegistryServer({
    fault: async (received) => {
      request = received;
      body = await received.text();
      return typeof answer === "string" ? new Response(answer) : Response.json(answer);
    },
  });
  using transport = new Transport({
    connectTimeout: 5,
    transferTimeout: Infinity,
    transferRetries: 0,
    allowHttp: true,
    environment: {},
  });
  const token = await requestToken({
    realm: new URL(`${server.origin}/token?x=1`),
    service: "s",
    scope: "repository:a:pull",
    login: undefined,
    ...changes,
  }, { transport, signal: new AbortController().signal });
  return { token, request, body };
}

Deno.test("requestToken() adds service and scope to what the realm's URL has", async () => {
  const { token, request } = await exchange({ token: "t", access_token: "" });
  assertEquals(token, "t");
  assertEquals([...new URL(request.url).searchParams], [
    ["x", "1"],
    ["service", "s"],
    ["scope", "repository:a:pull"],
  ]);
  assertEquals(request.headers.has("authorization"), false);
});

Deno.test("requestToken() takes access_token too", async () => {
  assertEquals((await exchange({ access_token: "t" })).token, "t");
});

Deno.test("requestToken() sends a password in a header, in UTF-8", async () => {
  const secret = { kind: "password", text: "pä:ss" } as const;
  const { request } = await exchange({ token: "t" }, { login: { user: "me", secret } });
  assertEquals(request.headers.get("authorization"), basicAuthorization("me", "pä:ss"));
  assertEquals(basicAuthorization("me", "pä:ss"), "Basic bWU6cMOkOnNz");
});

Deno.test("requestToken() posts an identity token", async () => {
  const secret = { kind: "identity token", text: "secret" } as const;
  const login = { user: "<token>", secret };
  const { token, request, body } = await exchange({ access_token: "t" }, { login });
  assertEquals(token, "t");
  assertEquals(request.method, "POST");
  assertEquals(Object.fromEntries(new URLSearchParams(body)), {
    grant_type: "refresh_token",
    refresh_token: "secret",
    client_id: "enroot",
    service: "s",
    scope: "repository:a:pull",
  });
});

Deno.test("requestToken() takes nothing for a token that could not be sent as one", async () => {
  for (
    const answer of ["", "SECRET", "[]", "null", {}, { token: 1 }, { token: "a b" }, {
      token: "a\r\nX: y",
    }]
  ) {
    const error = await assertRejects(
      () => exchange(answer),
      EnrootError,
      "no token in the answer",
    );
    assertEquals(error.message.includes("SECRET"), false);
  }
});

Deno.test("requestToken() reads no endless answer", async () => {
  await assertRejects(() => exchange("x".repeat(2 << 20)), EnrootError, "larger than");
});
