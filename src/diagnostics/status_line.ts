import { writeStderr } from "./stderr.ts";

/** Erases from the beginning to the end of the line (ECMA-48, EL). */
const ERASE_LINE = "\r\x1b[K";

// The terminal has one last line, whoever writes to it: what it shows, and who may change that.
let shown = "";
const claims: StatusLine[] = [];

/**
 * A line at the bottom of the terminal. Of several at a time the oldest is shown.
 */
export class StatusLine implements Disposable {
  constructor() {
    claims.push(this);
  }

  show(text: string): void {
    if (claims[0] !== this || text === shown) return;
    shown = text;
    writeStderr(ERASE_LINE + text);
  }

  [Symbol.dispose](): void {
    this.show("");
    claims.splice(claims.indexOf(this), 1);
  }
}

/** Writes whole lines, above the status line if one is shown. */
export function writeLines(lines: string): void {
  writeStderr(shown === "" ? lines : ERASE_LINE + lines + shown);
}
