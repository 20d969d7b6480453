import { StatusLine } from "./status_line.ts";

/** How far some work on bytes has got. To be disposed of at its end. */
export interface Progress extends Disposable {
  /** Announces more work, in bytes. */
  expect(bytes: number): void;
  /** Reports work done, in bytes; negative for work that has to be done again. */
  advance(bytes: number): void;
}

/** Milliseconds between two drawings. */
const INTERVAL = 200;
/** Seconds over which the rate is averaged. */
const RATE_WINDOW = 5;
const BAR_WIDTH = 30;

/**
 * Shows on the terminal how far some work has got: a bar, bytes, rate, time left. Does nothing where
 * standard error is no terminal.
 */
export function startProgress(): Progress {
  if (!Deno.stderr.isTerminal()) return { expect() {}, advance() {}, [Symbol.dispose]() {} };
  return new TerminalProgress();
}

class TerminalProgress implements Progress {
  #total = 0;
  #done = 0;
  #rate = new Rate();
  #drawn = 0;
  readonly #line = new StatusLine();
  readonly #timer = setInterval(() => this.#draw(), INTERVAL);

  expect(bytes: number): void {
    this.#total += bytes;
  }

  advance(bytes: number): void {
    this.#done += bytes;
    // Timers wait while a long synchronous piece of work runs; its reports do not.
    if (performance.now() - this.#drawn >= INTERVAL) this.#draw();
  }

  #draw(): void {
    const now = performance.now();
    this.#drawn = now;
    const rate = this.#rate.update(this.#done, now / 1000);
    this.#line.show(progressLine({ done: this.#done, total: this.#total, rate }, terminalWidth()));
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    this.#line[Symbol.dispose]();
  }
}

/** Bytes per second over the last seconds. */
class Rate {
  #samples: { done: number; time: number }[] = [];

  update(done: number, time: number): number {
    this.#samples.push({ done, time });
    while (time - (this.#samples[0]?.time ?? time) > RATE_WINDOW) this.#samples.shift();
    const first = this.#samples[0];
    if (first === undefined || time <= first.time) return 0;
    return Math.max(0, (done - first.done) / (time - first.time));
  }
}

/**
 * One line for a terminal of so many columns, such as
 * ` 45% [=============>                ] 576.0 MiB of 1.2 GiB, 98.3 MiB/s, 0:07 left`.
 */
export function progressLine(
  { done, total, rate }: { done: number; total: number; rate: number },
  columns: number,
): string {
  const fraction = total > 0 ? Math.min(Math.max(done / total, 0), 1) : 0;
  const percent = `${Math.floor(fraction * 100)}%`.padStart(4);
  const filled = Math.floor(fraction * BAR_WIDTH);
  const bar = `[${("=".repeat(filled) + ">").slice(0, BAR_WIDTH).padEnd(BAR_WIDTH)}]`;
  const left = rate > 0 && done < total ? `, ${duration((total - done) / rate)} left` : "";
  const figures = `${byteCount(done)} of ${byteCount(total)}, ${byteCount(rate)}/s${left}`;
  const line = `${percent} ${bar} ${figures}`;
  // A line that wraps could not be erased.
  return (line.length < columns ? line : `${percent} ${figures}`).slice(
    0,
    Math.max(columns - 1, 0),
  );
}

function byteCount(bytes: number): string {
  let value = bytes;
  for (const unit of ["B", "KiB", "MiB", "GiB"]) {
    if (value < 1024) return `${value.toFixed(unit === "B" ? 0 : 1)} ${unit}`;
    value /= 1024;
  }
  return `${value.toFixed(1)} TiB`;
}

function duration(seconds: number): string {
  const whole = Math.ceil(seconds);
  const two = (number: number) => String(number).padStart(2, "0");
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor(whole / 60) % 60;
  if (hours > 99) return "days";
  return hours > 0
    ? `${hours}:${two(minutes)}:${two(whole % 60)}`
    : `${minutes}:${two(whole % 60)}`;
}

function terminalWidth(): number {
  try {
    return Deno.consoleSize().columns;
  } catch {
    return 80;
  }
}
