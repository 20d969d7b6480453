/**
 * Flags for V8 that are fixed when the program is compiled.
 *
 * `--no-concurrent-sparkplug`: what the threads of that compiler leave undone breaks a fork of the
 * process (src/linux/clone/fork.ts). Without them it starts faster, too.
 *
 * `--max-semi-space-size=2`, in MB: with 16, the default, each thread of an image server grew by
 * 25 MB, and imports and exports by as much, and none was faster for it.
 *
 * `--expose-gc`: an image server collects garbage when it sees fit (heap_bound.ts).
 */
export const V8_FLAGS: readonly string[] = [
  "--no-concurrent-sparkplug",
  "--max-semi-space-size=2",
  "--expose-gc",
];
