import { join } from "node:path";
import { enrootCommand, makeHome, TEST_UID, type TestHome } from "../support/enroot.ts";
import type { Comparison } from "./comparison.ts";
import { generateTree } from "./generated_tree.ts";
import { measure } from "./measurement.ts";

/** A tree that images are made of. */
export interface SampleTree {
  name: string;
  path: string;
}

export interface WorkbenchOptions {
  /** Files of the generated tree. */
  files: number;
  /** A directory of real files, or null for none. */
  real: string | null;
  /** How often a comparison runs that takes seconds. */
  repeats: number;
}

/** A group of comparisons. What they need is made when they are asked for. */
export type Suite = (bench: Workbench) => Comparison[] | Promise<Comparison[]>;

/** Where comparisons are made: a user's home, the trees and images in it, and the programs. */
export class Workbench implements Disposable {
  readonly home: TestHome = makeHome();
  readonly repeats: number;
  /** How many files trees have that are generated. */
  readonly files: number;
  /** How many processors each side gets. */
  readonly processors: number = navigator.hardwareConcurrency;
  readonly #options: WorkbenchOptions;
  #trees: SampleTree[] | null = null;
  readonly #images = new Map<string, string>();

  constructor(options: WorkbenchOptions) {
    this.#options = options;
    this.repeats = options.repeats;
    this.files = options.files;
  }

  [Symbol.dispose](): void {
    this.remove("");
  }

  /** A path in the home directory. */
  path(name: string): string {
    return join(this.home.path, name);
  }

  /** This program. */
  enroot(args: string[], env: Record<string, string> = {}): Deno.Command {
    return enrootCommand(args, {
      home: this.home,
      env: { ENROOT_ALLOW_HTTP: "y", ENROOT_MAX_PROCESSORS: String(this.processors), ...env },
    });
  }

  /** Another program, run by the same user in the same place. */
  tool(name: string, args: string[]): Deno.Command {
    return new Deno.Command(name, {
      args,
      cwd: this.home.path,
      env: this.home.env,
      clearEnv: true,
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
      ...(Deno.uid() === 0 ? { uid: TEST_UID, gid: TEST_UID } : {}),
    });
  }

  /** Whether programs are installed. */
  has(...names: string[]): boolean {
    return names.every((name) =>
      new Deno.Command("sh", { args: ["-c", 'command -v "$0"', name], stdout: "null" })
        .outputSync().success
    );
  }

  /** The trees to make images of. */
  trees(): SampleTree[] {
    if (this.#trees === null) {
      const { real } = this.#options;
      const path = this.path("generated");
      generateTree(path, { files: this.files });
      this.#trees = [{ name: `${this.files} files`, path }];
      if (real !== null) this.#trees.push({ name: real, path: real });
    }
    return this.#trees;
  }

  /** An image of a tree, made by mksquashfs with these options. */
  async image(tree: SampleTree, options: string): Promise<string> {
    const key = `${tree.path} ${options}`;
    let path = this.#images.get(key);
    if (path === undefined) {
      path = this.path(`image-${this.#images.size}.sqsh`);
      await measure(this.tool("mksquashfs", this.mksquashfsArguments(tree.path, path, options)));
      this.#images.set(key, path);
    }
    return path;
  }

  mksquashfsArguments(from: string, to: string, options: string): string[] {
    const fixed = ["-all-root", "-no-progress", "-quiet", "-processors", String(this.processors)];
    return [from, to, ...options.split(" "), ...fixed];
  }

  /** Removes files and directories of the home directory, whoever owns them. */
  remove(...names: string[]): void {
    const paths = names.map((name) => this.path(name));
    new Deno.Command("chmod", { args: ["-R", "u+rwX", ...paths], stderr: "null" }).outputSync();
    new Deno.Command("rm", { args: ["-rf", ...paths] }).outputSync();
  }

  /** Waits until nothing is left to be written to disk. */
  settle(): void {
    new Deno.Command("sync", { args: ["-f", this.home.path] }).outputSync();
  }
}
