import { type ByteString, byteString, textFromByteString } from "../../bytes/mod.ts";
import { EnrootError } from "../../diagnostics/mod.ts";
import {
  close,
  inheritOnExec,
  isSyscallError,
  pipe,
  readSome,
  waitForChild,
  writeMessage,
} from "../../linux/mod.ts";
import { startByteCommand } from "../process/byte_command.ts";
import type { ConfigurationScript } from "./configuration_script.ts";
import { findProgram } from "../process/program_search.ts";

/**
 * Sources the script, then runs the functions it is asked for, one line each, in the same shell.
 * What `environ` and `mounts` print goes to files, as does the body of `rc`.
 */
const DRIVER = `set -euo pipefail
__requests=$1 __answers=$2 __output=$3 __script=$4
shift 4
source "$__script"
while read -r __stage <&"$__requests"; do
  if declare -F "$__stage" > /dev/null; then
    case $__stage in
    environ|mounts) "$__stage" "$@" > "$__output/script-$__stage" ;;
    rc) declare -f rc > "$__output/script-rc" ;;
    *) "$__stage" "$@" ;;
    esac
  fi
  echo >&"$__answers"
done
`;

export interface BashScriptOptions {
  /** The script's arguments: the command's. */
  readonly args: readonly ByteString[];
  /** What hooks get: the host's environment and what is said about the container. */
  readonly environment: ReadonlyMap<ByteString, ByteString>;
  /** A private directory for what the functions print. */
  readonly directory: ByteString;
}

/**
 * Opens a configuration script in a shell that stays until the last stage.
 *
 * @throws {EnrootError} when there is no bash; the stages throw when the script fails
 */
export function openBashScript(
  path: ByteString,
  { args, environment, directory }: BashScriptOptions,
): ConfigurationScript {
  const requests = pipe();
  const answers = pipe();
  const text = textFromByteString;
  const bash = findProgram("bash", environment.get("PATH") ?? "");
  if (bash === undefined) {
    throw new EnrootError("Command not found: bash (configuration scripts need it)");
  }
  inheritOnExec(requests.reader);
  inheritOnExec(answers.writer);
  const script = path.includes("/") ? path : `./${path}`;
  const parameters = [requests.reader, answers.writer, directory, script, ...args].map(String);
  const shell = spawn([bash, "-c", DRIVER, path, ...parameters], environment);
  close(requests.reader);
  close(answers.writer);

  const run = (stage: string): ByteString | null => {
    try {
      writeMessage(requests.writer, `${stage}\n`);
    } catch (error) {
      if (!isSyscallError(error, "EPIPE")) throw error;
    }
    if (readSome(answers.reader) === "") {
      throw new EnrootError(`${text(path)} exited with return code ${waitForChild(shell)}`);
    }
    return readIfPresent(`${text(directory)}/script-${stage}`);
  };

  return {
    environ: () => run("environ") ?? "",
    hooks: () => void run("hooks"),
    mounts: () => run("mounts") ?? "",
    rc: () => bodyOf(run("rc")),
    [Symbol.dispose]() {
      close(requests.writer);
      close(answers.reader);
      // The container's first process must not find a child that it did not make.
      waitForChild(shell);
    },
  };
}

function spawn(
  words: readonly ByteString[],
  environment: ReadonlyMap<ByteString, ByteString>,
): number {
  return startByteCommand(words, environment, (command) => command.spawn().pid);
}

/** bash prints a function as `rc ()`, `{`, its commands, `}`. */
function bodyOf(definition: ByteString | null): ByteString | null {
  if (definition === null) return null;
  const lines = definition.trimEnd().split("\n");
  return `${lines.slice(2, -1).join("\n")}\n`;
}

function readIfPresent(path: string): ByteString | null {
  try {
    return byteString(Deno.readFileSync(path));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}
