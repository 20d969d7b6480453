/** A home with a container made of this machine's own programs, for tests of what runs in it. */
import {
  enrootCommand,
  makeHome,
  runEnroot,
  type RunOptions,
  type RunResult,
  type TestHome,
} from "./enroot.ts";
import { makeContainer } from "./host_container.ts";
import { type Needs, requiring } from "./requires.ts";

/** A user's directories with a container `box` and its image `box.sqsh` in the home directory. */
export interface ContainerHome extends TestHome {
  /** The container's root directory. */
  readonly rootfs: string;
  /** Runs `enroot ARGS…` for this user. */
  enroot(args: string[], options?: Omit<RunOptions, "home">): Promise<RunResult>;
}

/** Imports and creates the container with the program under test. */
export async function makeContainerHome(): Promise<ContainerHome> {
  const home = makeHome();
  try {
    await makeContainer(home, "box");
  } catch (error) {
    home[Symbol.dispose]();
    throw error;
  }
  return {
    ...home,
    rootfs: `${home.data}/box`,
    enroot: (args, options) => runEnroot(args, { ...options, home }),
  };
}

/** A container for all tests of a file, made when the first one asks and removed at the end. */
export function sharedContainerHome(): () => Promise<ContainerHome> {
  let making: Promise<ContainerHome> | undefined;
  let made: ContainerHome | undefined;
  globalThis.addEventListener("unload", () => made?.[Symbol.dispose]());
  return () => making ??= makeContainerHome().then((home) => made = home);
}

/** A running container whose command ends when this is disposed of. */
export interface WaitingContainer extends AsyncDisposable {
  /** The PID of what was started: of its first process, unless that has a PID namespace. */
  readonly pid: number;
}

/** Starts a container that waits for its standard input to end. */
export async function startWaiting(
  home: TestHome,
  args: string[],
  options: Omit<RunOptions, "home" | "stdin"> & { script?: string } = {},
): Promise<WaitingContainer> {
  const { script = "", ...others } = options;
  const command = ["sh", "-c", `${script}\necho started; read line; exit 0`];
  const child = enrootCommand(["start", ...args, ...command], { ...others, home, stdin: "" })
    .spawn();
  const reader = child.stdout.getReader();
  const { done } = await reader.read();
  if (done) {
    throw new Error(new TextDecoder().decode((await child.stderr.getReader().read()).value));
  }
  return {
    pid: child.pid,
    async [Symbol.asyncDispose]() {
      await child.stdin.close();
      await reader.cancel();
      await child.stderr.cancel();
      await child.status;
    },
  };
}

/** Declares a test that starts containers. */
export function containerTest(
  name: string,
  fn: () => void | Promise<void>,
  needs: Needs = {},
): void {
  Deno.test({
    ...requiring({ userNamespaces: true, ...needs }, name),
    sanitizeResources: false,
    sanitizeOps: false,
    fn,
  });
}
