/** A home with a container made of this machine's own programs, for tests of what runs in it. */
import { makeHome, runEnroot, type RunOptions, type RunResult, type TestHome } from "./enroot.ts";
import { makeContainer } from "./host_container.ts";
import { userNamespaceObstacle } from "./user_namespaces.ts";

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

/** Declares a test that needs user namespaces: it is ignored, with the reason, where there are none. */
export function containerTest(name: string, fn: () => void | Promise<void>): void {
  const obstacle = userNamespaceObstacle();
  Deno.test({
    name: obstacle === undefined ? name : `${name} (skipped: no user namespaces: ${obstacle})`,
    ignore: obstacle !== undefined,
    sanitizeResources: false,
    sanitizeOps: false,
    fn,
  });
}
