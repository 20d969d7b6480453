import { type Answer, readBody } from "./body.ts";
import { shownText, shownUrl } from "./redaction.ts";
import { parseRetryAfter } from "./retry.ts";
import { TransferError } from "./transfer_error.ts";

/** The most bytes of an error document that are read for the words in it. */
const MAX_ERROR_SIZE = 64 * 1024;

/**
 * The error for an answer that is a refusal: URL, status, the server's own words, and a hint.
 *
 * @param hint what the user could do about it, as far as the caller knows; often empty
 */
export async function httpFailure(answer: Answer, hint = ""): Promise<TransferError> {
  const { response: { status, statusText, headers }, url } = answer;
  const code = `${status} ${shownText(statusText)}`.trimEnd();
  const words = await serverWords(answer);
  const advice = status === 429 ? "log in, or try again later" : hint;
  return new TransferError(
    `URL ${shownUrl(url)} returned error code: ${code}` +
      (words === "" ? "" : `: ${words}`) + (advice === "" ? "" : ` (${advice})`),
    {
      failure: status === 408 || status === 429 || status >= 500 ? "passing" : "final",
      retryAfter: parseRetryAfter(headers.get("retry-after")),
    },
  );
}

/**
 * What a registry says in its error document (distribution-spec, "Error Codes"), or a token server
 * in its own (RFC 6749 section 5.2). Pages meant for browsers say nothing.
 */
async function serverWords(answer: Answer): Promise<string> {
  let document: unknown;
  try {
    document = JSON.parse(new TextDecoder().decode(await readBody(answer, MAX_ERROR_SIZE)));
  } catch {
    return "";
  }
  const { errors, error_description, details, message, error } = asRecord(document);
  const entry = asRecord(Array.isArray(errors) ? errors[0] : undefined);
  const candidates = [entry.message, entry.code, error_description, details, message, error];
  const words = candidates.find((value) => typeof value === "string" && value !== "");
  return typeof words === "string" ? shownText(words) : "";
}

function asRecord(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? value as Record<string, unknown> : {};
}
