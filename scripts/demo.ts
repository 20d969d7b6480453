/**
 * Shows what enroot does, on any machine and without a network: makes an image of the machine's own
 * programs, serves it from a registry on loopback, and imports, creates, starts and removes it with
 * the real program, as an ordinary user. Fails if anything is not as it should be.
 *
 *     deno task demo
 */
import {
  enrootCommand,
  makeHome,
  runEnroot,
  TEST_UID,
  type TestHome,
} from "../tests/support/enroot.ts";
import { pushHostImage } from "../tests/support/host_container.ts";
import { RegistryServer } from "../tests/support/registry.ts";
import { userNamespaceObstacle } from "../tests/support/user_namespaces.ts";

/** A command of the demonstration, and what its output must contain. */
interface Step {
  says: string;
  args: string[];
  prints: (string | RegExp)[];
}

async function main(): Promise<number> {
  const obstacle = userNamespaceObstacle();
  if (obstacle !== undefined) {
    say(`demo: skipped, this machine forbids user namespaces: ${obstacle}`);
    return 0;
  }
  say(`# An image of this machine's own programs, in a registry on loopback; user id ${TEST_UID}.`);
  await using registry = new RegistryServer();
  pushHostImage(registry, "demo", "1.0");
  using home = makeHome();
  const reference = `docker://${registry.address}/demo:1.0`;
  await perform(home, [
    {
      says: "What is the image?",
      args: ["digest", reference],
      prints: [/^sha256:[0-9a-f]{64}\n$/],
    },
    {
      says: "Registry to image",
      args: ["import", "--output", "demo.sqsh", reference],
      prints: [],
    },
    { says: "Image to directory", args: ["create", "--name", "demo", "demo.sqsh"], prints: [] },
    { says: "What is there?", args: ["list"], prints: ["demo\n"] },
    { says: "What the image itself runs", args: ["start", "demo"], prints: ["Hello from inside"] },
    {
      says: "A command of one's own: same user, the image's files, environment and directory",
      args: ["start", "demo", "sh", "-c", "id -u; pwd; echo $GREETING; ls; ls /etc"],
      prints: [`${TEST_UID}\n/srv\nhello\nreadme\n`, /^(?![^]*unwanted)/],
    },
    {
      says: "As root inside, and writing to it",
      args: [
        "start",
        "--root",
        "--rw",
        "demo",
        "sh",
        "-c",
        "id -u; touch /srv/new; ls -l /srv/new",
      ],
      prints: ["0\n", "/srv/new"],
    },
  ]);
  await performInside(home);
  await perform(home, [
    { says: "Away with it", args: ["remove", "--force", "demo"], prints: [] },
    { says: "Nothing is left", args: ["list"], prints: [/^$/] },
  ]);
  say("\ndemo: everything went as it should");
  return 0;
}

/** A container that runs in the background, and what one can do about it. */
async function performInside(home: TestHome): Promise<void> {
  say("\n# A container in the background: its first process is the one that was started");
  const args = ["start", "demo", "sh", "-c", "echo ready; exec sleep 60"];
  say(`$ enroot ${shellWords(args)} &`);
  const container = enrootCommand(args, { home }).spawn();
  try {
    const reader = container.stdout.getReader();
    const first = await reader.read();
    const greeting = new TextDecoder().decode(first.value);
    say(`[${container.pid}] ${greeting.trimEnd()}`);
    if (greeting !== "ready\n") throw new Error(await new Response(container.stderr).text());
    await perform(home, [
      {
        says: "What runs?",
        args: ["list", "--fancy"],
        prints: [new RegExp(`^demo +${container.pid} +sleep `, "m")],
      },
      {
        says: "A command in the running container",
        args: ["exec", String(container.pid), "sh", "-c", "cat /etc/os-release; echo $GREETING"],
        prints: ["Programs of the host", "hello"],
      },
    ]);
    reader.releaseLock();
  } finally {
    container.kill("SIGKILL");
    await container.output();
  }
}

async function perform(home: TestHome, steps: Step[]): Promise<void> {
  for (const { says, args, prints } of steps) {
    say(`\n# ${says}\n$ enroot ${shellWords(args)}`);
    const run = await runEnroot(args, { home, env: { ENROOT_ALLOW_HTTP: "y" } });
    Deno.stdout.writeSync(new TextEncoder().encode(run.stderr + run.stdout));
    if (run.code !== 0) throw new Error(`enroot ${args[0]} ended with ${run.signal ?? run.code}`);
    for (const expected of prints) {
      const found = typeof expected === "string"
        ? run.stdout.includes(expected)
        : expected.test(run.stdout);
      if (!found) throw new Error(`enroot ${args[0]} did not print ${expected}`);
    }
  }
}

function shellWords(args: string[]): string {
  return args.map((arg) => /^[\w@%+=:,./-]+$/.test(arg) ? arg : `'${arg}'`).join(" ");
}

function say(line: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
}

if (import.meta.main) {
  try {
    Deno.exit(await main());
  } catch (error) {
    say(`\ndemo: failed: ${error instanceof Error ? error.message : String(error)}`);
    Deno.exit(1);
  }
}
