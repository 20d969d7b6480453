/**
 * A URL as it may be shown: user, password, query and fragment, where secrets and signatures are,
 * left out.
 */
export function shownUrl(url: URL): string {
  return `${url.protocol}//${url.host}${url.pathname}${url.search === "" ? "" : "?…"}`;
}

/** The most of a server's words that is shown. */
const MAX_LENGTH = 300;

/** A server's own words on one line, control characters left out, cut to a bearable length. */
export function shownText(text: string): string {
  const line = text.replace(/[\x00-\x1f\x7f-\x9f\u2028\u2029]+/g, " ").trim();
  return line.length > MAX_LENGTH ? `${line.slice(0, MAX_LENGTH)}…` : line;
}
