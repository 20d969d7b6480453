import { EnrootError } from "../../diagnostics/mod.ts";
import {
  close,
  closeOnExec,
  inheritOnExec,
  isSyscallError,
  receiveDescriptorRow,
  resultOf,
  sendDescriptor,
  socketPair,
  type Syscall,
  withSyscallProgram,
} from "../../linux/mod.ts";
import { IMAGE_SERVER_NAME } from "./image_server_call.ts";
import { leaveRows } from "../process/daemonize.ts";
import type { Program } from "../plan/program.ts";
import { executeProgram } from "../process/program.ts";
import { reportStyle } from "../process/report_style.ts";

const SIGCHLD = 17;

/**
 * A process outside the container's namespaces that starts image servers there: root of the
 * container must have no power over them, nor see through them what the caller has (ptrace(2),
 * "Ptrace access mode checking"). Inside, a server could not leave its user namespace.
 */
export interface ServerBroker {
  /** By this the broker is reached. It ends when all copies of this descriptor are closed. */
  readonly socket: number;
  /**
   * Has a server started.
   *
   * @returns a connection with it, closed on exec
   * @throws {EnrootError} there is no broker any more
   */
  connect(): number;
}

/** The broker at the other end of a socket. */
export function serverBroker(socket: number): ServerBroker {
  return {
    socket,
    connect() {
      const [here, there] = socketPair();
      try {
        sendDescriptor(socket, there);
      } catch (error) {
        close(here);
        if (!isSyscallError(error, "EPIPE")) throw error;
        throw new EnrootError("Cannot start an image server: its broker has died");
      } finally {
        close(there);
      }
      return here;
    },
  };
}

/**
 * Starts a broker in the namespaces where this process is, but as no child of it. The broker is not
 * the program itself, which takes so long to boot, but a table of system calls.
 *
 * @throws {EnrootError} it cannot be started
 */
export function startServerBroker(program: Program): ServerBroker {
  const [here, there] = socketPair();
  const table = orphanRows(brokerRows(program, { socket: there }));
  try {
    [there, program.file].forEach(inheritOnExec);
    const { success } = withSyscallProgram(
      table,
      reportStyle(),
      (path) =>
        new Deno.Command(path, {
          clearEnv: true,
          stdin: "null",
          stdout: "null",
          stderr: "inherit",
        }).outputSync(),
    );
    if (!success) throw new EnrootError("Cannot start the broker of image servers");
  } finally {
    closeOnExec(program.file);
    close(there);
  }
  return serverBroker(here);
}

/** Rows that start a broker and go on, in two parts. */
export interface BrokerStart {
  /** Go on with the row after them. */
  readonly first: Syscall[];
  /** Are to be put where nothing goes on. */
  readonly last: Syscall[];
  /** The descriptor of its socket for {@link serverBroker}, which is inherited. */
  readonly socket: number;
}

/**
 * Rows that do what {@link startServerBroker} does, for a table in this process's place.
 *
 * @param options.foreign descriptors that the broker must not keep
 */
export function brokerStart(
  program: Program,
  { foreign }: { foreign: readonly number[] },
): BrokerStart {
  const [here, there] = socketPair();
  [here, there, program.file].forEach(inheritOnExec);
  const last = orphanRows([
    ...[here, ...foreign].map(closeRow),
    ...brokerRows(program, { socket: there }),
  ]);
  const clone = cloneRow(last[0]);
  return {
    first: [
      clone,
      { name: "wait4", arguments: [resultOf(clone), 0, 0, 0], ignoreError: true },
      closeRow(there),
    ],
    last,
    socket: here,
  };
}

const FAILURE = "Cannot start an image server";

/** What the broker does: for each descriptor that it is sent, it starts a server that has it. */
function brokerRows(program: Program, { socket }: { socket: number }): Syscall[] {
  const end: Syscall = { name: "exit_group", arguments: [0] };
  const receive = { ...receiveDescriptorRow(socket), onZero: end };
  const inServer: Syscall[] = [
    { name: "dup3", arguments: [0, socket, 0], failure: FAILURE },
    { name: "dup3", arguments: [1, 0, 0], failure: FAILURE },
    ...executeProgram(program, IMAGE_SERVER_NAME, [socket]),
  ];
  return [
    ...leaveRows({ detach: [], keep: [socket, program.file] }),
    // What is received will be descriptor 0, the only one that is free.
    closeRow(0),
    receive,
    cloneRow(inServer[0]),
    { ...closeRow(0), onZero: receive },
    end,
    ...inServer,
  ];
}

/** Rows that have others run in an orphaned child, and end. */
function orphanRows(rows: Syscall[]): Syscall[] {
  return [cloneRow(rows[0]), { name: "exit_group", arguments: [0] }, ...rows];
}

function cloneRow(onZero: Syscall | undefined): Syscall {
  return {
    name: "clone",
    arguments: [SIGCHLD, 0, 0, 0, 0],
    failure: FAILURE,
    ...(onZero === undefined ? {} : { onZero }),
  };
}

function closeRow(fd: number): Syscall {
  return { name: "close", arguments: [fd], ignoreError: true };
}
