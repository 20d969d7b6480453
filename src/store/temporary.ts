import { temporaryName } from "./abandoned.ts";

/** The signals by which a process is asked to end. */
const TERMINATION_SIGNALS: readonly Deno.Signal[] = ["SIGHUP", "SIGINT", "SIGTERM"];

/**
 * Runs a clean-up if the process is told to end before the result is disposed of. The process then
 * still dies of that signal, as its parent expects.
 */
export function onTermination(cleanUp: () => void): Disposable {
  const listeners = TERMINATION_SIGNALS.map((signal) => {
    const listener = () => {
      try {
        cleanUp();
      } catch {
        // Nothing is left that could be done about it.
      }
      stop();
      // Each clean-up has its own listeners: with the last one removed, the signal's default
      // action is back. Until then it merely calls the others.
      Deno.kill(Deno.pid, signal);
    };
    Deno.addSignalListener(signal, listener);
    return { signal, listener };
  });
  const stop = () => {
    for (const { signal, listener } of listeners.splice(0)) {
      Deno.removeSignalListener(signal, listener);
    }
  };
  return { [Symbol.dispose]: stop };
}

/** A directory that is gone when it is disposed of. */
export interface Temporary extends Disposable {
  readonly path: string;
}

/** Where and how to make a temporary directory. */
export interface TemporaryOptions {
  /** The directory to make it in. */
  directory: string;
  /** What its name begins with, before random characters. */
  prefix: string;
  /** How to remove it; recursively if not said. */
  remove?: (path: string) => void;
}

/** Makes an empty directory of a random name that only its owner can enter. */
export function temporaryDirectory(
  { directory, prefix, remove = removeAll }: TemporaryOptions,
): Temporary {
  const path = `${directory}/${temporaryName(prefix)}`;
  let isThere = false;
  // First of all, so that there is no moment in which a signal would leave it behind.
  const termination = onTermination(() => {
    if (isThere) remove(path);
  });
  try {
    Deno.mkdirSync(path, { mode: 0o700 });
    isThere = true;
  } catch (error) {
    termination[Symbol.dispose]();
    throw error;
  }
  return {
    path,
    [Symbol.dispose]() {
      try {
        if (isThere) remove(path);
      } finally {
        isThere = false;
        // Last of all: a signal must not cut the removal of a large directory short.
        termination[Symbol.dispose]();
      }
    },
  };
}

function removeAll(path: string): void {
  try {
    Deno.removeSync(path, { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
