import { bytesOf, byteStringFromText } from "../../bytes/mod.ts";
import { EnrootError } from "../../diagnostics/mod.ts";
import {
  AT,
  close,
  closeOnExecRow,
  fileIdentity,
  memory,
  O,
  openat,
  pointers,
  type ProgramCall,
  resultOf,
  statusOf,
  type Syscall,
  SyscallError,
  text,
} from "../../linux/mod.ts";
import type { Program } from "../plan/program.ts";
import { byteEnvironment } from "./byte_environment.ts";

/** Where a process finds its own executable (proc_pid_exe(5)). */
const OWN_EXECUTABLE = "/proc/self/exe";

/** Opens the program that this process runs. @throws {SyscallError} there is no `/proc` */
export function openProgram(words: Pick<Program, "path" | "arguments">): Program {
  return { ...words, file: openat(AT.FDCWD, OWN_EXECUTABLE, { flags: O.PATH }) };
}

/**
 * Says that the program cannot be executed again, where its path is not any more that of the file
 * which this process runs: the file itself would be found, but not the code that is appended to it,
 * for which the runtime goes by the path.
 *
 * @throws {EnrootError}
 */
export function requireProgram({ path }: Pick<Program, "path">): void {
  if (isInPlace(path)) return;
  throw new EnrootError(`Cannot execute ${path}: it has been replaced meanwhile`);
}

/** Whether a path is that of the program which this process runs. */
export function isInPlace(path: string): boolean {
  return identityOf(byteStringFromText(path)) === identityOf(OWN_EXECUTABLE);
}

/** Which file a path leads to; null for none. */
function identityOf(path: string): string | null {
  try {
    const fd = openat(AT.FDCWD, path, { flags: O.PATH });
    try {
      return fileIdentity(statusOf(fd));
    } finally {
      close(fd);
    }
  } catch (error) {
    if (error instanceof SyscallError) return null;
    throw error;
  }
}

/**
 * The program in one of its parts, by the name it knows itself by; the arguments are numbers, of
 * descriptors mostly.
 */
export function programCall(program: Program, name: string, numbers: number[]): ProgramCall {
  return {
    file: program.file,
    path: byteStringFromText(program.path),
    argv: [name, ...program.arguments, ...numbers.map(String)].map(byteStringFromText),
    environment: byteEnvironment(),
  };
}

/**
 * Rows that execute the program in one of its parts; see {@link programCall}. What runs them has to
 * inherit the program's file.
 */
export function executeProgram(program: Program, name: string, numbers: number[]): Syscall[] {
  const { file, path, argv, environment } = programCall(program, name, numbers);
  return [
    closeOnExecRow(file),
    {
      name: "execveat",
      arguments: [file, text(""), pointers(argv), pointers(environment), AT.EMPTY_PATH],
      failure: `Cannot execute ${path}`,
    },
  ];
}

/**
 * A row that executes the program in one of its parts, found by its path: for what does not inherit
 * its file, or is in a mount namespace made since, where the runtime may not find that file's path.
 */
export function executeFoundProgram(program: Program, name: string, numbers: number[]): Syscall {
  const { path, argv, environment } = programCall(program, name, numbers);
  return {
    name: "execve",
    arguments: [text(path), pointers(argv), pointers(environment)],
    failure: `Cannot execute ${path}`,
  };
}

/** A row that executes a program with this process's environment. */
export function executeRow(path: string, argv: string[]): Syscall {
  const encoded = byteStringFromText(path);
  return {
    name: "execve",
    arguments: [
      text(encoded),
      pointers(argv.map(byteStringFromText)),
      pointers(byteEnvironment()),
    ],
    failure: `Cannot execute ${encoded}`,
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
