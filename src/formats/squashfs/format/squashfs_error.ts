import { EnrootError } from "../../../diagnostics/mod.ts";

/**
 * Why an image cannot be read: it is no squashfs at all, it breaks the format's rules, or it follows
 * them in a way we do not support.
 */
export type SquashfsErrorReason = "not-squashfs" | "corrupt" | "unsupported";

/** A squashfs image that cannot be read. */
export class SquashfsError extends EnrootError {
  override name = "SquashfsError";

  constructor(readonly reason: SquashfsErrorReason, detail: string, options?: ErrorOptions) {
    super(`Cannot read squashfs image: ${detail}`, options);
  }
}

/** The error for an image that breaks the format's rules. */
export function corrupt(detail: string, options?: ErrorOptions): SquashfsError {
  return new SquashfsError("corrupt", detail, options);
}
