import { basename } from "@std/path";
import { printable, replaceUnprintable } from "../diagnostics/mod.ts";
import type { ContainerProcess } from "../runtime/mod.ts";

const HEADER = [
  ...["NAME", "PID", "COMM", "STATE", "STARTED", "TIME", "MNTNS", "USERNS", "COMMAND"],
];

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/**
 * The table of `list --fancy`. Programs read it: the first line is the header, columns are padded
 * with blanks, a name without a PID is a container that does not run, and further processes of a
 * container follow in lines that begin with a blank.
 *
 * @param names of all containers
 * @param now what the ages of processes are told from
 */
export function containerTable(
  names: readonly string[],
  processes: readonly ContainerProcess[],
  now = new Date(),
): string {
  const groups = new Map<string, ContainerProcess[]>(names.map((name) => [escapePath(name), []]));
  for (const process of processes) {
    const name = nameOf(process);
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [process]);
    else group.push(process);
  }
  const rows = [...groups].sort(([a], [b]) => a < b ? -1 : 1).flatMap(([name, group]) =>
    group.length === 0
      ? [[name]]
      : group.map((process, index) => [index === 0 ? name : "", ...columns(process, now)])
  );
  return aligned([HEADER, ...rows]);
}

function nameOf({ root }: ContainerProcess): string {
  if (root === null) return "<unknown>";
  return escapePath(root.kind === "image" ? root.path : basename(root.path));
}

/**
 * As mountinfo (proc(5)) writes paths, whose readers split columns at blanks; what a terminal would
 * not show is written likewise, byte by byte.
 */
function escapePath(path: string): string {
  return replaceUnprintable(path.replace(/[ \\]/g, octal), octal);
}

function octal(character: string): string {
  return [...new TextEncoder().encode(character)]
    .map((byte) => `\\${byte.toString(8).padStart(3, "0")}`)
    .join("");
}

function columns(process: ContainerProcess, now: Date): string[] {
  return [
    String(process.pid),
    printable(process.comm),
    process.state,
    startTime(process.started, now),
    elapsedTime((now.getTime() - process.started.getTime()) / 1000),
    process.mountNamespace,
    process.userNamespace,
    printable(process.command),
  ];
}

/** As ps(1) prints `stime`: the time today, else the day this year, else the year. */
function startTime(started: Date, now: Date): string {
  if (started.getFullYear() !== now.getFullYear()) return String(started.getFullYear());
  if (started.getMonth() !== now.getMonth() || started.getDate() !== now.getDate()) {
    return `${MONTHS[started.getMonth()]}${twoDigits(started.getDate())}`;
  }
  return `${twoDigits(started.getHours())}:${twoDigits(started.getMinutes())}`;
}

/** As ps(1) prints `etime`: `[[DD-]hh:]mm:ss`. */
function elapsedTime(elapsed: number): string {
  const seconds = Math.max(0, Math.floor(elapsed));
  const days = Math.floor(seconds / 86400);
  const hours = Math.floor(seconds / 3600) % 24;
  const minutesAndSeconds = `${twoDigits(Math.floor(seconds / 60) % 60)}:${
    twoDigits(seconds % 60)
  }`;
  if (days > 0) return `${twoDigits(days)}-${twoDigits(hours)}:${minutesAndSeconds}`;
  return hours > 0 ? `${twoDigits(hours)}:${minutesAndSeconds}` : minutesAndSeconds;
}

function twoDigits(value: number): string {
  return String(value).padStart(2, "0");
}

function aligned(rows: string[][]): string {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, index) => widths[index] = Math.max(widths[index] ?? 0, cell.length));
  }
  return rows
    .map((row) =>
      row.map((cell, index) => cell.padEnd((widths[index] ?? 0) + 2)).join("").trimEnd()
    )
    .map((line) => `${line}\n`)
    .join("");
}
