import { type ByteString, byteString } from "../../bytes/mod.ts";

/**
 * The environment this process was started with, `NAME=value` each, byte for byte: other programs
 * put into theirs what is neither text nor well-formed.
 */
export function byteEnvironment(): ByteString[] {
  const bytes = Deno.readFileSync("/proc/self/environ");
  return byteString(bytes).split("\0").filter((variable) => variable !== "");
}

/** Names and values; what has no name is left out, of two with one name the first counts. */
export function parseEnvironment(variables: ByteString[]): Map<ByteString, ByteString> {
  const environment = new Map<ByteString, ByteString>();
  for (const variable of variables) {
    const equals = variable.indexOf("=");
    if (equals <= 0) continue;
    const name = variable.slice(0, equals);
    if (!environment.has(name)) environment.set(name, variable.slice(equals + 1));
  }
  return environment;
}
