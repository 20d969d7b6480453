import { copyWindowSize, waitingDescriptor } from "../../linux/mod.ts";

/** Passes on what is typed and shown, between this process's terminal and a pseudo-terminal. */
export interface TerminalRelay {
  /** Gives the terminal back its mode, until {@link resume}. */
  pause(): void;
  resume(): void;
  /** Passes on what is left to be shown, and gives the terminal back. */
  finish(): Promise<void>;
}

/** How long the last output may be in coming, in milliseconds, while others hold the terminal. */
const LAST_OUTPUT = 200;

/**
 * Starts to relay: the terminal hands keys on as they are, for the pseudo-terminal to make signals
 * and lines of, and has its size followed.
 *
 * @param master the descriptor of the pseudo-terminal's master
 */
export function relayTerminal(master: number): TerminalRelay {
  const pseudo = waitingDescriptor(master);
  const streams = [Deno.stdin, Deno.stdout, Deno.stderr];
  const terminal = streams.findIndex((stream) => stream.isTerminal());
  const isTyped = Deno.stdin.isTerminal();
  const setRaw = (raw: boolean) => {
    if (isTyped) Deno.stdin.setRaw(raw);
  };
  const screen = [Deno.stdout, Deno.stderr].find((stream) => stream.isTerminal()) ??
    Deno.openSync("/dev/tty", { write: true });

  Deno.addSignalListener("SIGWINCH", () => copyWindowSize(terminal, master));
  setRaw(true);
  // Where the terminal has gone away there is nothing to relay; its hangup ends the rest.
  if (isTyped) relayInput((bytes) => pseudo.write(bytes)).catch(() => {});
  let shown = 0;
  const output = (async () => {
    for (let bytes = await pseudo.read(); bytes.length > 0; bytes = await pseudo.read()) {
      shown += bytes.length;
      for (let at = 0; at < bytes.length;) at += screen.writeSync(bytes.subarray(at));
    }
  })().catch(() => {});
  return {
    pause: () => setRaw(false),
    resume: () => setRaw(true),
    async finish() {
      // Processes that the command left behind may hold the pseudo-terminal open.
      let ended = false;
      void output.finally(() => ended = true);
      for (let before = -1; !ended && shown !== before;) {
        before = shown;
        await Promise.race([output, new Promise((resolve) => setTimeout(resolve, LAST_OUTPUT))]);
      }
      setRaw(false);
    },
  };
}

async function relayInput(write: (bytes: Uint8Array) => Promise<boolean>): Promise<void> {
  const buffer = new Uint8Array(4096);
  for (;;) {
    const length = await Deno.stdin.read(buffer);
    if (length === null || !await write(buffer.subarray(0, length))) return;
  }
}
