/** What the kernel lets a program of ours do, found out by trying. */
export type Attempt =
  /** To execute a program that lies in memory. */
  | "memory file"
  /** To make user and mount namespaces, and to mount something in there. */
  | "user namespace"
  /** To mount an overlay in a user namespace. */
  | "overlay";

/** The host, as far as its fitness to run containers goes. */
export interface HostFacts {
  /** The kernel's version, as uname(2) has it. */
  readonly release: string;
  readonly architecture: string;
  /** The text of a file, blanks around it cut; null when it cannot be read. */
  read(path: string): string | null;
  /** Why a file cannot be opened for reading and writing; null when it can. */
  obstacle(path: string): string | null;
  /** Whether a program is in PATH. */
  hasProgram(name: string): boolean;
  /** Why something does not work; null when it does. */
  attempt(what: Attempt): string | null;
}
