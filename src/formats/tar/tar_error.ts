/**
 * An archive that cannot be read. The message says what is wrong and where; the reader of the archive
 * puts its name in front.
 */
export class TarError extends Error {
  override name = "TarError";
}
