import { assert, assertEquals, assertThrows } from "@std/assert";
import { onTermination, temporaryDirectory } from "./temporary.ts";

function exists(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch {
    return false;
  }
}

Deno.test("temporaryDirectory() is private, of a random name, and gone when disposed of", () => {
  const options = { directory: Deno.makeTempDirSync(), prefix: "x-" };
  const paths: string[] = [];
  {
    using first = temporaryDirectory(options);
    using second = temporaryDirectory(options);
    Deno.mkdirSync(`${first.path}/a/b`, { recursive: true });
    paths.push(first.path, second.path);
    assert(first.path !== second.path);
    assertEquals((Deno.statSync(first.path).mode ?? 0) & 0o777, 0o700);
  }
  assertEquals(paths.map(exists), [false, false]);
  Deno.removeSync(options.directory);
});

Deno.test("temporaryDirectory() may be gone already", () => {
  const options = { directory: Deno.makeTempDirSync(), prefix: "x-" };
  {
    using gone = temporaryDirectory(options);
    Deno.removeSync(gone.path);
  }
  Deno.removeSync(options.directory);
});

Deno.test("temporaryDirectory() leaves the removal to who knows how", () => {
  const directory = Deno.makeTempDirSync();
  const removed: string[] = [];
  const remove = (path: string) => {
    removed.push(path);
    Deno.removeSync(path);
  };
  let path = "";
  {
    using temporary = temporaryDirectory({ directory, prefix: "x-", remove });
    path = temporary.path;
  }
  assertEquals(removed, [path]);
  Deno.removeSync(directory);
});

Deno.test("temporaryDirectory() throws where none can be made", () => {
  assertThrows(() => temporaryDirectory({ directory: "/nonexistent", prefix: "x" }));
});

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  Deno.test(`a process that gets ${signal} removes its temporary files and dies of it`, async () => {
    const directory = Deno.makeTempDirSync();
    const script = `
      import { onTermination, temporaryDirectory } from "${import.meta.resolve("./temporary.ts")}";
      const options = { directory: Deno.args[0], prefix: "x-" };
      temporaryDirectory(options)[Symbol.dispose]();
      const first = temporaryDirectory(options);
      Deno.writeTextFileSync(first.path + "/file", "");
      onTermination(() => { throw new Error("must not keep the others from being called") });
      temporaryDirectory(options);
      Deno.stdout.writeSync(new Uint8Array([10]));
      setTimeout(() => {}, 60_000);
    `;
    const program = `${directory}/program.ts`;
    Deno.writeTextFileSync(program, script);
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-config", program, directory],
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const reader = child.stdout.getReader();
    await reader.read();
    reader.releaseLock();
    child.kill(signal);
    const { signal: diedOf, stderr } = await child.output();
    assertEquals(new TextDecoder().decode(stderr), "");
    assertEquals(diedOf, signal);
    // The program itself.
    assertEquals([...Deno.readDirSync(directory)].length, 1);
    Deno.removeSync(directory, { recursive: true });
  });
}

Deno.test("onTermination() listens to nothing once disposed of", () => {
  onTermination(() => {})[Symbol.dispose]();
});
