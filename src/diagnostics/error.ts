/**
 * A failure that the user can understand and act on.
 *
 * The message is one line, names the step and its operand, and is printed once, at the top, behind
 * `[ERROR]`. Everything else that reaches the top is a defect of ours.
 */
export class EnrootError extends Error {
  override name = "EnrootError";
}

/** The message of anything thrown, on one line. */
export function messageOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.replace(/\s*\n\s*/g, " ").trim();
}
