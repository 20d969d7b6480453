/** Containers at a terminal: job control, signals from the keyboard, its size, its name. */
import { assertEquals, assertMatch } from "@std/assert";
import { sharedContainerHome } from "../support/container.ts";
import { enrootCommand, programFiles } from "../support/enroot.ts";
import { atTerminal, programWords, type TerminalStep, terminalTest } from "../support/terminal.ts";

/** None of the tests changes it for good. */
const box = sharedContainerHome();

const CTRL_C = "\x03", CTRL_D = "\x04", CTRL_Z = "\x1a";
const expect = (expect: string): TerminalStep => ({ expect });
const send = (send: string): TerminalStep => ({ send });
const resize = (...resize: [number, number]): TerminalStep => ({ resize });
/** Until what was sent has arrived: nothing tells. */
const moment: TerminalStep = { wait: 0.5 };
const prompt = expect("[$#] ");

/** The program and its arguments. */
function enroot(...args: string[]): string[] {
  const program = programFiles();
  return [program.command, ...program.args, ...args];
}

const STTY = ["/bin/stty", "/usr/bin/stty"].find((path) => {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
});

terminalTest("an interactive shell has job control", async () => {
  const home = await box();
  for (const options of [[], ["--ipc"], ["--root", "--net"]]) {
    const { transcript, code, missing } = await atTerminal(
      enroot("start", ...options, "box", "sh"),
      {
        home,
        steps: [
          ...[prompt, send("sleep 100\n"), moment, send(CTRL_C), moment],
          ...[send("echo code-$?\n"), expect("code-130\n|code-130\r")],
          ...[send("sleep 99\n"), moment, send(CTRL_Z), expect("Stopped")],
          ...[send("jobs\n"), expect("Stopped"), send("fg\n"), moment, send(CTRL_C), moment],
          ...[send("exit 7\n")],
        ],
      },
    );
    assertEquals([missing, code], [null, 7], transcript);
  }
});

terminalTest("an interactive shell follows the size of the terminal", async () => {
  const home = await box();
  if (STTY === undefined) return;
  const mount = `${STTY}:/bin/stty:none:bind,x-create=file`;
  const { transcript, code, missing } = await atTerminal(
    enroot("start", "--mount", mount, "box", "sh"),
    {
      home,
      steps: [
        ...[prompt, send("stty size\n"), expect("24 80"), resize(40, 100)],
        ...[send("stty size\n"), expect("40 100"), send("exit 3\n")],
      ],
    },
  );
  assertEquals([missing, code], [null, 3], transcript);
});

terminalTest("a container is a job of the shell outside", async () => {
  const home = await box();
  for (const options of ["", "--ipc", "--pid", "--pid --ipc --net"]) {
    const start = `${programWords()} start ${options} box sh -c 'echo up; sleep 100; echo no'\n`;
    const { transcript, code, missing } = await atTerminal(
      ["bash", "--norc", "--noediting", "-i"],
      {
        home,
        steps: [
          ...[
            expect("outer> "),
            send(start),
            expect("\nup"),
            moment,
            send(CTRL_Z),
            expect("Stopped"),
          ],
          ...[send("jobs\n"), expect("Stopped"), send("fg\n"), moment, send(CTRL_C), moment],
          ...[send("echo code-$?\n"), expect("code-130"), send("exit 5\n")],
        ],
      },
    );
    assertEquals([missing, code], [null, 5], transcript);
  }
});

terminalTest("Ctrl-C reaches a container once, with a PID namespace too", async () => {
  const home = await box();
  const script = "trap 'echo trapped' INT; echo up; i=0; " +
    "while [ $i -lt 40 ]; do sleep 0.05; i=$((i + 1)); done; exit 3";
  for (const options of [[], ["--pid"]]) {
    const { transcript, code, missing } = await atTerminal(
      enroot("start", ...options, "box", "sh", "-c", script),
      { home, steps: [expect("up"), moment, send(CTRL_C), expect("trapped")] },
    );
    assertEquals([missing, code], [null, 3], transcript);
    assertEquals(transcript.split("trapped").length, 2, transcript);
  }
  // What others send it does pass on.
  const child = enrootCommand(["start", "--pid", "box", "sh", "-c", script], { home }).spawn();
  const reader = child.stdout.getReader();
  await reader.read();
  child.kill("SIGINT");
  assertEquals(new TextDecoder().decode((await reader.read()).value), "trapped\n");
  await reader.cancel();
  await child.stderr.cancel();
  assertEquals((await child.status).code, 3);
});

terminalTest("a command reads from the terminal until its end", async () => {
  const home = await box();
  for (
    const command of [
      enroot("start", "box", "cat"),
      enroot("start", "box.sqsh", "cat"),
      enroot("start", "--pid", "box", "cat"),
      ["sh", "-c", `${programWords()} version; cat`],
      ["sh", "-c", `${programWords()} list --fancy; ${programWords()} nonsense; cat`],
    ]
  ) {
    const { transcript, code, missing } = await atTerminal(command, {
      home,
      steps: [{ wait: 2 }, send("hello\n"), expect("hello\r\nhello\r\n"), send(CTRL_D)],
    });
    assertEquals([missing, code], [null, 0], transcript);
  }
}, { fuse: true });

terminalTest("a restricted /dev has the terminal for its console", async () => {
  const home = await box();
  const script = "echo from-tty > /dev/tty; [ -c /dev/console ] && echo console; " +
    "[ -t 0 ] && echo is-terminal; exit 4";
  for (
    const [options, env] of [
      [[], { ENROOT_RESTRICT_DEV: "y" }],
      [["--ipc"], {}],
      [["--ipc", "--pid"], {}],
    ] as const
  ) {
    const { transcript, code } = await atTerminal(
      enroot("start", ...options, "box", "sh", "-c", script),
      { home, env, steps: [] },
    );
    assertEquals(
      [code, transcript],
      [4, "from-tty\nconsole\nis-terminal\n"],
    );
  }
});

terminalTest("exec has the terminal of its caller", async () => {
  const home = await box();
  for (const option of ["--ipc", "--pid"]) {
    const { transcript, code, missing } = await atTerminal(
      ["bash", "--norc", "--noediting", "-i"],
      {
        home,
        steps: [
          ...[
            expect("outer> "),
            send(`${programWords()} start ${option} box sleep 60 &\n`),
            moment,
          ],
          ...[
            { wait: 1.5 },
            send(`${programWords()} exec box sh -c 'echo up; sleep 99; echo no'\n`),
          ],
          ...[expect("\nup"), moment, send(CTRL_Z), expect("Stopped"), send("fg\n"), moment],
          ...[send(CTRL_C), moment, send("echo code-$?\n"), expect("code-130")],
          ...[send("kill -9 %1; exit 6\n")],
        ],
      },
    );
    assertEquals([missing, code], [null, 6], transcript);
    assertMatch(transcript, /\^Z[^]*Stopped[^]*\^C/);
  }
});
