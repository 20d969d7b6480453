import type { ProgramCall } from "../../linux/mod.ts";
import { serverArguments, type ServerTask } from "./server/server_arguments.ts";
import type { Program } from "../plan/program.ts";
import { programCall } from "../process/program.ts";

/** The name (`argv[0]`) by which the program knows that it serves an image. */
export const IMAGE_SERVER_NAME = "enroot-image-server";

/** How to execute the image server. */
export function serverCall(program: Program, task: ServerTask): ProgramCall {
  return programCall(program, IMAGE_SERVER_NAME, serverArguments(task));
}

/** How to execute the image server so that a socket tells it what to serve. */
export function serverOf(program: Program, socket: number): ProgramCall {
  return programCall(program, IMAGE_SERVER_NAME, [socket]);
}
