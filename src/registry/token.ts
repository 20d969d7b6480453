import { EnrootError } from "../diagnostics/mod.ts";
import { type Answer, readBody } from "./http/body.ts";
import { httpFailure } from "./http/http_failure.ts";
import type { Secret } from "./credentials/login.ts";
import { shownUrl } from "./http/redaction.ts";
import type { Transport } from "./http/transport.ts";

/** The most bytes of a token server's answer. */
const MAX_ANSWER_SIZE = 1024 * 1024;

/** What to ask a token server for. */
export interface TokenRequest {
  realm: URL;
  service: string | undefined;
  scope: string;
  /** Undefined for an anonymous token. */
  login: { user: string; secret: Secret } | undefined;
}

/**
 * Gets a bearer token (distribution, "Token Authentication Specification"; for identity tokens
 * "OAuth2 Token Authentication").
 *
 * @throws {EnrootError} when the server refuses, or its answer has no token
 */
export async function requestToken(
  request: TokenRequest,
  { transport, signal }: { transport: Transport; signal: AbortSignal },
): Promise<string> {
  const answer = await send(request, { transport, signal });
  if (!answer.response.ok) throw await httpFailure(answer, hintFor(request));
  const { realm } = request;
  const token = tokenIn(new TextDecoder().decode(await readBody(answer, MAX_ANSWER_SIZE)));
  if (token === undefined) {
    throw new EnrootError(`Cannot authenticate: no token in the answer of ${shownUrl(realm)}`);
  }
  return token;
}

function send(
  { realm, service, scope, login }: TokenRequest,
  { transport, signal }: { transport: Transport; signal: AbortSignal },
): Promise<Answer> {
  if (login?.secret.kind === "identity token") {
    const form = new URLSearchParams({
      grant_type: "refresh_token",
      refresh_token: login.secret.text,
      client_id: "enroot",
      scope,
      ...(service === undefined ? {} : { service }),
    });
    return transport.send({ url: realm, form, signal });
  }
  const url = new URL(realm);
  if (service !== undefined) url.searchParams.set("service", service);
  url.searchParams.set("scope", scope);
  const authorization = login && basicAuthorization(login.user, login.secret.text);
  return transport.send({ url, authorization, signal });
}

function hintFor({ login }: TokenRequest): string {
  return login === undefined
    ? "anonymous access is not permitted: give a user, and a password in .credentials"
    : `the credentials of ${login.user} are not accepted`;
}

function tokenIn(text: string): string | undefined {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof document !== "object" || document === null) return undefined;
  const { token, access_token } = document as Record<string, unknown>;
  const found = token || access_token;
  // It becomes part of a header: nothing but visible characters.
  return typeof found === "string" && /^[\x21-\x7e]+$/.test(found) ? found : undefined;
}

/** The Authorization header of the Basic scheme (RFC 7617), in UTF-8. */
export function basicAuthorization(user: string, password: string): string {
  const bytes = new TextEncoder().encode(`${user}:${password}`);
  return `Basic ${btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""))}`;
}
