import { assert, assertEquals, assertThrows } from "@std/assert";
import { makeTemporaryDirectory } from "../../tests/support/temp.ts";
import { EnrootError } from "../diagnostics/mod.ts";
import { containerPath, listContainers, resolveContainer, resolveTarget } from "./containers.ts";
import { newContainer, type NewContainerOptions } from "./new_container.ts";

// The C library stays loaded, which the test runner would call a leak.
const resident = { sanitizeResources: false };

function inTemporaryDirectory(action: (path: string) => void): void {
  using temporary = makeTemporaryDirectory();
  const path = temporary.path;
  action(path);
}

function names(path: string): string[] {
  return [...Deno.readDirSync(path)].map((entry) => entry.name).sort();
}

function options(dataPath: string, force = false): NewContainerOptions {
  return { dataPath, force, remove: (path) => Deno.removeSync(path, { recursive: true }) };
}

/** Makes a container that holds one file. */
function make(name: string, file: string, given: NewContainerOptions): void {
  using container = newContainer(name, given);
  Deno.mkdirSync(container.path);
  Deno.writeTextFileSync(`${container.path}/${file}`, "");
  container.publish();
}

Deno.test("containerPath() refuses what is no name", () => {
  for (const name of ["", ".", "..", "a/b", "/", "/etc", "a/", "é".repeat(128)]) {
    assertThrows(() => containerPath(name, "/data"), EnrootError, `Invalid argument: ${name}`);
  }
  for (const name of ["a", "...", "pyxis_12_12.0", "a b", "é".repeat(127), "-x"]) {
    assertEquals(containerPath(name, "/data"), `/data/${name}`);
  }
});

Deno.test("resolveContainer() wants a directory", () => {
  inTemporaryDirectory((path) => {
    Deno.mkdirSync(`${path}/real`);
    Deno.symlinkSync("real", `${path}/link`);
    Deno.writeTextFileSync(`${path}/file`, "");
    assertEquals(resolveContainer("real", path), `${path}/real`);
    assertEquals(resolveContainer("link", path), `${path}/link`);
    for (const name of ["file", "missing"]) {
      assertThrows(
        () => resolveContainer(name, path),
        EnrootError,
        `No such file or directory: ${path}/${name}`,
      );
    }
  });
});

Deno.test("resolveTarget() prefers an image file, and takes nothing else for one", () => {
  inTemporaryDirectory((path) => {
    Deno.writeTextFileSync(`${path}/image`, "hsqs...");
    Deno.writeTextFileSync(`${path}/text`, "hs");
    Deno.mkdirSync(`${path}/text.d`);
    Deno.mkdirSync(`${path}/data/name`, { recursive: true });
    const data = `${path}/data`;
    assertEquals(resolveTarget(`${path}/image`, data), { kind: "image", path: `${path}/image` });
    assertEquals(resolveTarget("name", data), { kind: "container", path: `${data}/name` });
    for (const target of [`${path}/text`, `${path}/text.d`, `${path}/missing`]) {
      assertThrows(() => resolveTarget(target, data), EnrootError, `Invalid argument: ${target}`);
    }
  });
});

Deno.test("listContainers() sorts, and passes over files and hidden directories", () => {
  inTemporaryDirectory((path) => {
    for (const name of ["b", "a", ".hidden", "C"]) Deno.mkdirSync(`${path}/${name}`);
    Deno.writeTextFileSync(`${path}/file`, "");
    Deno.symlinkSync("a", `${path}/link`);
    assertEquals(listContainers(path), ["C", "a", "b", "link"]);
    assertEquals(listContainers(`${path}/missing`), []);
  });
});

Deno.test("newContainer() shows the container when it is whole", resident, () => {
  inTemporaryDirectory((path) => {
    {
      using container = newContainer("name", options(path));
      Deno.mkdirSync(container.path);
      assertEquals(listContainers(path), []);
      container.publish();
      assertEquals(listContainers(path), ["name"]);
    }
    assertEquals(names(path), ["name"]);
  });
});

Deno.test("newContainer() leaves nothing of a container that is not published", resident, () => {
  inTemporaryDirectory((path) => {
    {
      using container = newContainer("name", options(path));
      Deno.mkdirSync(container.path);
    }
    assertEquals(names(path), []);
  });
});

Deno.test("newContainer() refuses a name that is taken, first and last", resident, () => {
  inTemporaryDirectory((path) => {
    make("name", "first", options(path));
    assertThrows(
      () => newContainer("name", options(path)),
      EnrootError,
      `File already exists: ${path}/name`,
    );
    {
      using container = newContainer("other", options(path));
      Deno.mkdirSync(container.path);
      Deno.mkdirSync(`${path}/other`);
      assertThrows(
        () => container.publish(),
        EnrootError,
        `File already exists: ${path}/other`,
      );
    }
    assertEquals(names(path), ["name", "other"]);
  });
});

Deno.test("newContainer() replaces a container when forced, in one step", resident, () => {
  inTemporaryDirectory((path) => {
    make("name", "first", options(path, true));
    {
      using container = newContainer("name", options(path, true));
      Deno.mkdirSync(container.path);
      assertEquals(names(`${path}/name`), ["first"]);
      container.publish();
      assertEquals(names(`${path}/name`), []);
    }
    make("name", "third", options(path, true));
    assertEquals(names(path), ["name"]);
    assertEquals(names(`${path}/name`), ["third"]);
    // Even a file in the way.
    Deno.writeTextFileSync(`${path}/file`, "");
    make("file", "inside", options(path, true));
    assertEquals(names(`${path}/file`), ["inside"]);
  });
});

Deno.test("newContainer() says where it cannot make anything", resident, () => {
  const error = assertThrows(
    () => newContainer("name", options("/nonexistent/data")),
    EnrootError,
    "Cannot create a directory in /nonexistent/data: ",
  );
  assert(!error.message.includes("\n"));
});

Deno.test("newContainer() removes what killed processes left, when it is old", resident, () => {
  inTemporaryDirectory((path) => {
    for (const name of [".enroot-container.old", ".enroot-container.new", ".other", "box"]) {
      Deno.mkdirSync(`${path}/${name}/rootfs`, { recursive: true });
      if (!name.endsWith(".new")) Deno.utimeSync(`${path}/${name}`, 1, 1);
    }
    make("name", "file", options(path));
    assertEquals(names(path), [".enroot-container.new", ".other", "box", "name"]);
  });
});

Deno.test("newContainer() does not go by the clock of this machine", resident, () => {
  inTemporaryDirectory((path) => {
    Deno.mkdirSync(`${path}/.enroot-container.new`);
    const { now } = Date;
    try {
      Date.now = () => now() + 30 * 24 * 3600 * 1000;
      make("name", "file", options(path));
    } finally {
      Date.now = now;
    }
    assertEquals(names(path), [".enroot-container.new", "name"]);
  });
});
