import { EnrootError } from "../../diagnostics/mod.ts";

/** Why a transfer failed, as far as what to do next depends on it. */
export type TransferFailure =
  /** No connection came about, or not to what was expected: another protocol may work. */
  | "unreachable"
  /** Something that may be better in a moment. */
  | "passing"
  /** Nothing that trying again would change. */
  | "final";

/** A transfer that failed, with what decides whether it is tried again. */
export class TransferError extends EnrootError {
  override name = "TransferError";
  readonly failure: TransferFailure;
  /** Seconds the server asked us to wait, if it did. */
  readonly retryAfter: number | undefined;

  constructor(
    message: string,
    options: { failure: TransferFailure; retryAfter?: number | undefined; cause?: unknown },
  ) {
    super(message, { cause: options.cause });
    this.failure = options.failure;
    this.retryAfter = options.retryAfter;
  }
}
