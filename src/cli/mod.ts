/**
 * The command line: arguments to a typed command, usage texts, and the rendering of errors.
 *
 * It decides nothing about containers. Everything a command needs is loaded when that command runs,
 * so that small ones start at once.
 */
export { main } from "./main.ts";
