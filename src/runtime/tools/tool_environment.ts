import { type ByteString, byteString } from "../../bytes/mod.ts";
import { EnrootError, messageOf } from "../../diagnostics/mod.ts";
import { byteEnvironment, parseEnvironment } from "../process/byte_environment.ts";

/**
 * The environment that a helper for hooks gives its command: the lines of a file, or its own.
 *
 * @throws {EnrootError} when the file cannot be read
 */
export function toolEnvironment(file: string | undefined): Map<ByteString, ByteString> {
  if (file === undefined) return parseEnvironment(byteEnvironment());
  try {
    return parseEnvironment(byteString(Deno.readFileSync(file)).split("\n"));
  } catch (error) {
    throw new EnrootError(`Cannot read ${file}: ${messageOf(error)}`, { cause: error });
  }
}
