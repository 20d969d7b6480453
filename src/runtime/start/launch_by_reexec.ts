import { bytesOf, byteStringFromText } from "../../bytes/mod.ts";
import {
  anonymousFile,
  closeOnExecRow,
  execSyscallTable,
  pwrite,
  resultAddress,
  type Syscall,
} from "../../linux/mod.ts";
import { mayMountImages } from "./foreseen_images.ts";
import { namespaceFlags, namespaceRows, remedyForNamespaces } from "../process/namespaces.ts";
import type { StartPlan } from "../plan/plan.ts";
import type { Program } from "../plan/program.ts";
import { executeFoundProgram, requireProgram } from "../process/program.ts";
import { reportStyle } from "../process/report_style.ts";
import { brokerStart } from "../image/server_broker.ts";
import { dieWithParentRow, supervisorRows } from "../process/supervisor_rows.ts";

/** The name (`argv[0]`) by which the program knows that it is to carry a plan out. */
const STAGE_NAME = "enroot-runtime";
const SIGCHLD = 17;

/**
 * Makes a plan's namespaces by a table of system calls in this process's place, which executes the
 * program again in there to carry the plan out.
 *
 * @throws {SyscallError} when the table cannot be started
 */
export function launchByReexec(plan: StartPlan): never {
  const { program } = plan;
  requireProgram(program);
  const planFd = anonymousFile("enroot-plan", { inherit: true });
  pwrite(planFd, bytesOf(byteStringFromText(JSON.stringify(plan))), { offset: 0 });
  const broker = mayMountImages(plan) ? brokerStart(program, { foreign: [planFd] }) : null;
  const sockets = broker === null ? [] : [broker.socket];
  const inside = [
    ...namespaceRows(plan),
    closeOnExecRow(program.file),
    executeFoundProgram(program, STAGE_NAME, [planFd, ...sockets]),
  ];
  const table = plan.namespaces.pid
    ? childInNamespaces(plan, { inside, program, left: [planFd, program.file, ...sockets] })
    : [...unshareNamespaces(plan), ...inside];
  const whole = [...broker?.first ?? [], ...table, ...broker?.last ?? []];
  execSyscallTable(whole, reportStyle(remedyForNamespaces()));
}

function unshareNamespaces(plan: StartPlan): Syscall[] {
  return [{
    name: "unshare",
    arguments: [namespaceFlags(plan)],
    failure: "Cannot create namespaces",
  }];
}

/**
 * The child goes on inside; this process becomes its supervisor and stays outside.
 *
 * @param options.left descriptors that only the child needs
 */
function childInNamespaces(
  plan: StartPlan,
  { inside, program, left }: { inside: Syscall[]; program: Program; left: number[] },
): Syscall[] {
  const dieWithParent = dieWithParentRow();
  const clone: Syscall = {
    name: "clone",
    arguments: [namespaceFlags(plan) | SIGCHLD, 0, 0, 0, 0],
    onZero: dieWithParent,
    failure: "Cannot create namespaces",
  };
  const pidFd = anonymousFile("enroot-pid", { inherit: true });
  return [
    clone,
    {
      name: "write",
      arguments: [pidFd, resultAddress(clone), 8],
      failure: "Cannot pass the PID on",
    },
    ...left.map((fd): Syscall => ({ name: "close", arguments: [fd], ignoreError: true })),
    ...supervisorRows(program, pidFd),
    dieWithParent,
    { name: "close", arguments: [pidFd], ignoreError: true },
    ...inside,
  ];
}
