import { assertEquals, assertThrows } from "@std/assert";
import { UsageError } from "./arguments.ts";
import { type Command, parseCommand } from "./command.ts";

const START: Command & { verb: "start" } = {
  verb: "start",
  target: "c",
  command: [],
  env: [],
  mounts: [],
  root: false,
  rw: false,
  pid: false,
  net: false,
  ipc: false,
  uts: false,
  dryRun: false,
};

const UNDERSTOOD: [args: string[], command: Command][] = [
  [["help"], { verb: "help" }],
  [["--help"], { verb: "help" }],
  [["-h"], { verb: "help" }],
  [["help", "start"], { verb: "help", command: "start" }],
  [["version"], { verb: "version" }],
  [["version", "-h"], { verb: "help", command: "version" }],
  [["info"], { verb: "info" }],
  [["import", "docker://a"], { verb: "import", uri: "docker://a", force: false }],
  [["import", "-a", "arm64", "--output", "f", "docker://a"], {
    verb: "import",
    uri: "docker://a",
    force: false,
    arch: "arm64",
    output: "f",
  }],
  [["import", "--arch=arm64", "--output=a=b", "--", "-x"], {
    verb: "import",
    uri: "-x",
    force: false,
    arch: "arm64",
    output: "a=b",
  }],
  [["import", "-h", "--nonsense"], { verb: "help", command: "import" }],
  [["import", "-o", "-x", "u"], { verb: "import", uri: "u", force: false, output: "-x" }],
  [["import", "-o", "--help", "u"], { verb: "import", uri: "u", force: false, output: "--help" }],
  [["import", "-o", "1e3", "0x10"], { verb: "import", uri: "0x10", force: false, output: "1e3" }],
  [["import", "-o", "a", "-o", "b", "u"], { verb: "import", uri: "u", force: false, output: "b" }],
  [["import", "-"], { verb: "import", uri: "-", force: false }],
  [["import", "-f", "u"], { verb: "import", uri: "u", force: true }],
  [["cache", "list"], { verb: "cache", action: "list" }],
  [["cache", "verify"], { verb: "cache", action: "verify" }],
  [["cache", "prune"], { verb: "cache", action: "prune" }],
  [["cache", "prune", "--older-than", "7d", "--max-size=50G"], {
    verb: "cache",
    action: "prune",
    olderThan: "7d",
    maxSize: "50G",
  }],
  [["cache", "-h"], { verb: "help", command: "cache" }],
  [["cache", "prune", "--help"], { verb: "help", command: "cache" }],
  [["digest", "--arch", "arm64", "u"], { verb: "digest", uri: "u", arch: "arm64" }],
  [["create", "i"], { verb: "create", image: "i", force: false }],
  [["create", "-f", "-n", "c", "i"], { verb: "create", image: "i", name: "c", force: true }],
  [["create", "--force", "--name=c", "i"], { verb: "create", image: "i", name: "c", force: true }],
  [["list"], { verb: "list", fancy: false, json: false }],
  [["list", "-f"], { verb: "list", fancy: true, json: false }],
  [["list", "--json"], { verb: "list", fancy: false, json: true }],
  [["list", "--fancy", "--"], { verb: "list", fancy: true, json: false }],
  [["remove", "-f", "true", "false"], { verb: "remove", names: ["true", "false"], force: true }],
  [["remove", "a", "-f"], { verb: "remove", names: ["a", "-f"], force: false }],
  [["remove", "007"], { verb: "remove", names: ["007"], force: false }],
  [["start", "c"], START],
  [["start", "c", "sh", "-c", "--", "-x"], { ...START, command: ["sh", "-c", "--", "-x"] }],
  [["start", "--", "c", "--rw"], { ...START, command: ["--rw"] }],
  [["start", "--root", "--rw", "true"], { ...START, target: "true", root: true, rw: true }],
  [["start", "-r", "-w", "--pid", "--net", "--ipc", "--uts", "--dry-run", "c"], {
    ...START,
    root: true,
    rw: true,
    pid: true,
    net: true,
    ipc: true,
    uts: true,
    dryRun: true,
  }],
  [["start", "-e", "A=1", "--env", "B", "--env=C=x=y", "-m", "/a:/b", "--mount=t:/c", "c", "x"], {
    ...START,
    command: ["x"],
    env: ["A=1", "B", "C=x=y"],
    mounts: ["/a:/b", "t:/c"],
  }],
  [["start", "--env=A=two\nlines ", "c"], { ...START, env: ["A=two\nlines "] }],
  [["start", "--conf=f", "--rc", "s", "c"], { ...START, conf: "f", rc: "s" }],
  [["start", "c", ""], { ...START, command: [""] }],
  [["exec", "-e", "A", "12", "sh"], { verb: "exec", target: "12", command: ["sh"], env: ["A"] }],
  [["exec", "12", "sh", "-c", "x"], {
    verb: "exec",
    target: "12",
    command: ["sh", "-c", "x"],
    env: [],
  }],
  [["export", "-f", "-o", "/x", "c"], { verb: "export", name: "c", output: "/x", force: true }],
  [["load", "-n", "c", "u"], { verb: "load", uri: "u", name: "c", force: false }],
  [["batch", "f", "x", "-y"], { verb: "batch", conf: "f", command: ["x", "-y"] }],
  [["bundle", "-a", "-c", "-d", "text", "-t", "dir", "-o", "out", "i"], {
    verb: "bundle",
    image: "i",
    all: true,
    checksum: true,
    force: false,
    desc: "text",
    output: "out",
    target: "dir",
  }],
];

for (const [args, command] of UNDERSTOOD) {
  Deno.test(`parseCommand() understands ${JSON.stringify(args)}`, () => {
    assertEquals(parseCommand(args), command);
  });
}

const REFUSED: [args: string[], message: string, usage: string | undefined][] = [
  [[], "", undefined],
  [["nonsense"], "Invalid argument: nonsense", undefined],
  [["__proto__"], "Invalid argument: __proto__", undefined],
  [[""], "Invalid argument: ", undefined],
  [["--version"], "Invalid argument: --version", undefined],
  [["version", "x"], "Invalid argument: x", "version"],
  [["info", "--x"], "Invalid argument: --x", "info"],
  [["list", "x"], "Invalid argument: x", "list"],
  [["list", "-ff"], "Invalid argument: -ff", "list"],
  [["list", "--fancy=yes"], "Invalid argument: --fancy=yes", "list"],
  [["list", "--no-fancy"], "Invalid argument: --no-fancy", "list"],
  [["list", "--fan"], "Invalid argument: --fan", "list"],
  [["list", "-fancy"], "Invalid argument: -fancy", "list"],
  [["import"], "Missing argument: URI", "import"],
  [["import", "a", "b"], "Invalid argument: b", "import"],
  [["import", "-o"], "Missing argument: -o FILE", "import"],
  [["import", "-o", "", "u"], "Missing argument: -o FILE", "import"],
  [["import", "--output=", "u"], "Missing argument: --output FILE", "import"],
  [["import", "-of", "u"], "Invalid argument: -of", "import"],
  [["import", "-o=f", "u"], "Invalid argument: -o=f", "import"],
  [["import", "--name", "x", "u"], "Invalid argument: --name", "import"],
  [["import", "--__proto__=x", "u"], "Invalid argument: --__proto__=x", "import"],
  [["create", "-fn", "c", "i"], "Invalid argument: -fn", "create"],
  [["remove", "-f"], "Missing argument: NAME", "remove"],
  [["start", "-undefined", "c"], "Invalid argument: -undefined", "start"],
  [["start"], "Missing argument: NAME|IMAGE", "start"],
  [["exec", "1"], "Missing argument: COMMAND", "exec"],
  [["cache"], "Missing argument: list|verify|prune", "cache"],
  [["cache", "drop"], "Invalid argument: drop", "cache"],
  [["cache", "--older-than", "7d", "prune"], "Invalid argument: --older-than", "cache"],
  [["cache", "list", "--older-than", "7d"], "Invalid argument: --older-than", "cache"],
  [["cache", "verify", "--max-size", "7d"], "Invalid argument: --max-size", "cache"],
  [["cache", "list", "all"], "Invalid argument: all", "cache"],
];

for (const [args, message, usage] of REFUSED) {
  Deno.test(`parseCommand() refuses ${JSON.stringify(args)}`, () => {
    const error = assertThrows(() => parseCommand(args), UsageError);
    assertEquals(error.message, message);
    assertEquals(error.command, usage);
  });
}
