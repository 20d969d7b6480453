/** What a container may not do to the terminal that it was started from. */
import { assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { type ContainerHome, sharedContainerHome, startWaiting } from "../support/container.ts";
import { programFiles } from "../support/enroot.ts";
import { syscallProgram, writeExecutable } from "../support/syscall_program.ts";
import { memory } from "../../src/linux/table/syscall_image.ts";
import { atTerminal, terminalTest } from "../support/terminal.ts";

const box = sharedContainerHome();

const REQUESTS = { TIOCSTI: 0x5412, TIOCLINUX: 0x541c };

/** A program in the container that types one character into its terminal. */
function writeTypist(home: ContainerHome, request: keyof typeof REQUESTS): string {
  const name = `typist-${request}`;
  const character = memory(new TextEncoder().encode("x"));
  // The upper half of the request is set: the kernel does not look at it.
  const number = BigInt(REQUESTS[request]) | (1n << 32n);
  writeExecutable(
    `${home.rootfs}/${name}`,
    syscallProgram([
      { name: "ioctl", arguments: [0, number, character], failure: request },
      { name: "exit_group", arguments: [0] },
    ]),
  );
  return `/${name}`;
}

function words(...args: string[]): string[] {
  const { command, args: first } = programFiles();
  return [command, ...first, ...args];
}

for (const options of [[], ["--root"], ["--pid"]]) {
  terminalTest(
    `a container cannot type into its terminal: start ${options.join(" ")}`,
    async () => {
      const home = await box();
      for (const request of ["TIOCSTI", "TIOCLINUX"] as const) {
        const typist = writeTypist(home, request);
        const command = words("start", ...options, "box", typist);
        const { transcript, code } = await atTerminal(command, { home, steps: [] });
        assertEquals([transcript, code], [`${request}: Operation not permitted\n`, 1]);
      }
    },
  );
}

terminalTest("what exec runs cannot type into the terminal", async () => {
  const home = await box();
  const typist = writeTypist(home, "TIOCSTI");
  await using running = await startWaiting(home, ["box"]);
  const command = words("exec", String(running.pid), typist);
  const { transcript } = await atTerminal(command, { home, steps: [] });
  assertEquals(transcript, "TIOCSTI: Operation not permitted\n");
});

/** Declares a test in which root enters the container of another user, from root's terminal. */
function rootTest(name: string, fn: () => Promise<void>): void {
  terminalTest(name, fn, { root: true });
}

for (const options of [[], ["--pid"]]) {
  const name = ["exec by root in a user's container", ...options].join(" ");
  rootTest(`${name} has a terminal of its own`, async () => {
    const home = await box();
    await using _running = await startWaiting(home, [...options, "box"]);
    const script = [
      "echo terminal $(readlink /proc/self/fd/0) $(readlink /proc/self/fd/2)",
      "(: </dev/tty) && echo is ours; stty size; read line; echo got $line",
      "trap 'stty size; exit 7' WINCH; echo ready; while :; do sleep 0.1; done",
    ].join("\n");
    const pid = (await home.enroot(["list", "--fancy"])).stdout.match(/^box +(\d+)/m)?.[1] ?? "";
    const command = ["sh", "-c", 'readlink /proc/self/fd/0; exec "$@"', "sh"]
      .concat(words("exec", pid, "sh", "-c", script));
    const { transcript, code, missing } = await atTerminal(command, {
      home,
      asCaller: true,
      steps: [
        { expect: "24 80" },
        { send: "hello\r" },
        { expect: "got hello" },
        { expect: "ready" },
        { resize: [33, 101] },
        { expect: "33 101" },
      ],
    });
    assertEquals([missing, code], [null, 7], transcript);
    const [, outer, input, errors] =
      /^(\/dev\/pts\/\d+)\nterminal (\/dev\/pts\/\d+) (\/dev\/pts\/\d+)$/m.exec(transcript) ?? [];
    assertNotEquals(input, outer);
    assertEquals(input, errors);
    assertMatch(transcript, /^is ours$/m);
  });
}

rootTest(
  "exec by root in a user's container passes Ctrl-C on, and restores the terminal",
  async () => {
    const home = await box();
    await using running = await startWaiting(home, ["box"]);
    const exec = words("exec", String(running.pid), "sh", "-c", "echo up; sleep 60")
      .map((word) => `'${word}'`).join(" ");
    const { transcript, missing } = await atTerminal(
      ["sh", "-c", `${exec}; echo ended $?; stty -a`],
      { home, asCaller: true, steps: [{ expect: "up" }, { send: "\x03" }, { expect: "ended" }] },
    );
    assertEquals(missing, null, transcript);
    assertMatch(transcript, /ended 130/);
    assertMatch(transcript, /\sicanon\s[^]*\secho\s/);
  },
);

rootTest("exec by root in a user's container leaves pipes as they are", async () => {
  const home = await box();
  await using running = await startWaiting(home, ["box"]);
  const exec = words("exec", String(running.pid), "sh", "-c", "cat; [ -t 1 ] || echo pipe; exit 3")
    .map((word) => `'${word}'`).join(" ");
  const { transcript } = await atTerminal(
    ["sh", "-c", `x=$(echo in | ${exec}); echo "$x $?"`],
    { home, asCaller: true, steps: [] },
  );
  assertEquals(transcript, "in\npipe 3\n");
});
