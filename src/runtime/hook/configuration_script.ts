import type { ByteString } from "../../bytes/mod.ts";

/**
 * A configuration script (`--conf`), opened for one start. Each stage is asked for at most once, in
 * the order of the methods; all stages share one state.
 */
export interface ConfigurationScript extends Disposable {
  /** What `environ()` prints: lines of an environment file. */
  environ(): ByteString;
  /** Runs `hooks()`. */
  hooks(): void;
  /** What `mounts()` prints: lines of fstab(5). */
  mounts(): ByteString;
  /** The body of `rc()`, a shell script that takes the place of `/etc/rc`; null without one. */
  rc(): ByteString | null;
}
