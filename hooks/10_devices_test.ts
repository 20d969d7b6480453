import { assert, assertEquals } from "@std/assert";
import { parseFstab } from "../src/runtime/plan/fstab.ts";
import { devices } from "./10_devices.ts";
import { type HookDouble, hookDouble } from "../tests/support/hook_double.ts";

const device = { kind: "other", mode: 0o666 } as const;
const HOST = {
  "/dev/tty": device,
  "/dev/log": device,
  "/dev/shm/": "",
  "/dev/mqueue/": "",
  "/dev/hugepages/": "",
};

/** Target, type, data of each mount made. */
function made({ mountsNow }: HookDouble): string[][] {
  return mountsNow.map((line) => {
    const [entry] = parseFstab(line, { origin: "test", workingDirectory: "/" });
    assert(entry !== undefined);
    return [entry.source, entry.target, entry.type];
  });
}

const BASE = [
  ["none", "/dev", "none"],
  ["tmpfs", "/dev", "tmpfs"],
  ["/dev/zero", "/dev/zero", "none"],
  ["/dev/null", "/dev/null", "none"],
  ["/dev/full", "/dev/full", "none"],
  ["/dev/urandom", "/dev/urandom", "none"],
  ["/dev/random", "/dev/random", "none"],
  ["devpts", "/dev/pts", "devpts"],
];

Deno.test("devices makes a small /dev from what the host has", () => {
  const context = hookDouble({
    restrictDev: true,
    terminal: "/dev/pts/3",
    hostFiles: HOST,
    files: { "/dev/": "" },
  });
  devices.run(context);
  assertEquals(made(context), [
    ...BASE,
    ["/dev/tty", "/dev/tty", "none"],
    ["/dev/pts/3", "/dev/console", "none"],
    ["/dev/shm", "/dev/shm", "none"],
    ["/dev/mqueue", "/dev/mqueue", "none"],
    ["/dev/hugepages", "/dev/hugepages", "none"],
    ["/dev/log", "/dev/log", "none"],
  ]);
  assertEquals(
    ["fd", "ptmx", "stdin", "stdout", "stderr"].map((name) =>
      context.files.readLink(`/dev/${name}`)
    ),
    ["/proc/self/fd", "/dev/pts/ptmx", "/proc/self/fd/0", "/proc/self/fd/1", "/proc/self/fd/2"],
  );
});

Deno.test("devices passes over what the host lacks", () => {
  const context = hookDouble({ restrictDev: true, files: { "/dev/": "" } });
  devices.run(context);
  assertEquals(made(context), BASE);
});

Deno.test("devices gives a container with its own IPC fresh shm and mqueue", () => {
  const context = hookDouble({ unshareIpc: true, hostFiles: HOST, files: { "/dev/": "" } });
  devices.run(context);
  assertEquals(made(context).slice(BASE.length), [
    ["/dev/tty", "/dev/tty", "none"],
    ["tmpfs", "/dev/shm", "tmpfs"],
    ["mqueue", "/dev/mqueue", "mqueue"],
    ["/dev/hugepages", "/dev/hugepages", "none"],
    ["/dev/log", "/dev/log", "none"],
  ]);
});

Deno.test("devices leaves the host's /dev unless asked", () => {
  const context = hookDouble({ hostFiles: HOST });
  devices.run(context);
  assertEquals([context.mountsNow, context.files.writes], [[], []]);
});
