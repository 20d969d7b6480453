import { bytesOf, byteStringFromText } from "../bytes/mod.ts";
import {
  AT,
  memory,
  O,
  pointers,
  type ProgramCall,
  resultOf,
  type Syscall,
  text,
} from "../linux/mod.ts";
import { byteEnvironment } from "./byte_environment.ts";

/** How to run this very program again. */
export interface Program {
  /** The executable. */
  readonly path: string;
  /** What goes before the program's own arguments (none for a compiled executable). */
  readonly arguments: readonly string[];
}

/**
 * The program in one of its parts, by the name it knows itself by; the arguments are numbers, of
 * descriptors mostly.
 */
export function programCall(program: Program, name: string, numbers: number[]): ProgramCall {
  return callOf(program.path, [name, ...program.arguments, ...numbers.map(String)]);
}

/** Rows that execute the program in one of its parts; see {@link programCall}. */
export function executeProgram(program: Program, name: string, numbers: number[]): Syscall[] {
  return [executeCall(programCall(program, name, numbers))];
}

/** A row that executes a program with this process's environment. */
export function executeRow(path: string, argv: string[]): Syscall {
  return executeCall(callOf(path, argv));
}

function callOf(path: string, argv: string[]): ProgramCall {
  return {
    path: byteStringFromText(path),
    argv: argv.map(byteStringFromText),
    environment: byteEnvironment(),
  };
}

/** A row that executes a program. */
export function executeCall({ path, argv, environment }: ProgramCall): Syscall {
  return {
    name: "execve",
    arguments: [text(path), pointers(argv), pointers(environment)],
    failure: `Cannot execute ${path}`,
  };
}

/** Rows that write to an existing file in one go, as files of procfs want it. */
export function writeFileRows(path: string, content: string): Syscall[] {
  const failure = `Cannot write ${path}`;
  const open: Syscall = {
    name: "openat",
    arguments: [AT.FDCWD, text(path), O.WRONLY, 0],
    failure,
  };
  const bytes = bytesOf(content);
  return [
    open,
    { name: "write", arguments: [resultOf(open), memory(bytes), bytes.length], failure },
    { name: "close", arguments: [resultOf(open)], ignoreError: true },
  ];
}
