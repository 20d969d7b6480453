import { assert, assertEquals, assertThrows } from "@std/assert";
import { EnrootError } from "../diagnostics/mod.ts";
import { makeTemporaryDirectory } from "../../tests/support/temp.ts";
import { NewFile } from "./new_file.ts";

/** The C library stays loaded, which the test runner would call a leak. */
const resident = { sanitizeResources: false };

const PREFIX = ".new.";
const encode = (text: string) => new TextEncoder().encode(text);

function inTemporaryDirectory(test: (path: string) => void): () => void {
  return () => {
    using directory = makeTemporaryDirectory();
    test(directory.path);
  };
}

function names(path: string): string[] {
  return [...Deno.readDirSync(path)].map(({ name }) => name).sort();
}

function newFile(target: string, { force = false } = {}): NewFile {
  return new NewFile(target, { prefix: PREFIX, force });
}

/** What a process of before left, or one of another machine works on. */
function leave(path: string, age: number): void {
  Deno.writeTextFileSync(path, "");
  const time = new Date(Date.now() - age * 1000);
  Deno.utimeSync(path, time, time);
}

Deno.test(
  "a new file has its name, its content and the usual permissions when it is published",
  resident,
  inTemporaryDirectory((path) => {
    {
      using file = newFile(`${path}/é`);
      file.write(encode("12345678"), 0);
      file.write(encode("cd"), 2);
      file.truncate(6);
      const read = new Uint8Array(3);
      file.read(read, 1);
      assertEquals(read, encode("2cd"));
      assertThrows(() => file.read(read, 4), EnrootError, "unexpected end");
      const [name = "", ...others] = names(path);
      assert(name.startsWith(PREFIX));
      assertEquals(others, []);
      assertEquals((Deno.statSync(`${path}/${name}`).mode ?? 0) & 0o777, 0o600);
      file.publish();
    }
    assertEquals(names(path), ["é"]);
    assertEquals(Deno.readTextFileSync(`${path}/é`), "12cd56");
    assertEquals((Deno.statSync(`${path}/é`).mode ?? 0) & 0o777, 0o666 & ~Deno.umask());
  }),
);

Deno.test(
  "a new file that is not published leaves nothing",
  resident,
  inTemporaryDirectory((path) => {
    {
      using _file = newFile(`${path}/name`);
    }
    assertEquals(names(path), []);
    assertThrows(
      () => newFile(`${path}/none/name`),
      EnrootError,
      `Cannot write ${path}/none/name: No such file or directory`,
    );
  }),
);

Deno.test(
  "a new file replaces another one only when it is told to",
  resident,
  inTemporaryDirectory((path) => {
    const target = `${path}/name`;
    {
      using early = newFile(target);
      Deno.symlinkSync("nowhere", target);
      assertThrows(() => early.publish(), EnrootError, `File already exists: ${target}`);
      assertThrows(() => newFile(target), EnrootError, `File already exists: ${target}`);
    }
    assertEquals(names(path), ["name"]);
    using file = newFile(target, { force: true });
    file.publish();
    assert(Deno.lstatSync(target).isFile);
  }),
);

Deno.test(
  "a new file whose temporary name stands for another file by now gets no other",
  resident,
  inTemporaryDirectory((path) => {
    using file = newFile(`${path}/name`);
    const [name = ""] = names(path);
    Deno.removeSync(`${path}/${name}`);
    Deno.writeTextFileSync(`${path}/${name}`, "another's", { mode: 0o600 });
    assertThrows(() => file.publish(), EnrootError, "has replaced the temporary file");
    assertEquals(names(path), [name]);
    assertEquals((Deno.statSync(`${path}/${name}`).mode ?? 0) & 0o777, 0o600);
  }),
);

Deno.test(
  "a new file clears away what is certainly abandoned, and nothing else",
  resident,
  inTemporaryDirectory((path) => {
    using _used = newFile(`${path}/a`);
    const [used = ""] = names(path);
    const own = used.replace(/[^.]*$/, "");
    const elsewhere = `${PREFIX}01234567.`;
    const DAY = 24 * 3600;
    for (
      const [name, age] of [
        [used, 30 * DAY],
        [`${own}killed`, 61],
        [`${own}making`, 20],
        [`${elsewhere}old`, 8 * DAY],
        [`${elsewhere}recent`, 6 * DAY],
        [`${PREFIX}older-version`, 8 * DAY],
        [".other", 30 * DAY],
      ] as const
    ) leave(`${path}/${name}`, age);
    Deno.symlinkSync(".other", `${path}/${own}link`);
    using _next = newFile(`${path}/b`);
    const isTheNext = (name: string) => name.startsWith(own) && name.length === used.length;
    assertEquals(
      names(path).filter((name) => name === used || !isTheNext(name)),
      [`${elsewhere}recent`, used, `${own}link`, `${own}making`, ".other"].sort(),
    );
  }),
);
