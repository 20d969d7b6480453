import { assertEquals } from "@std/assert";
import { loadSettings } from "./load_settings.ts";
import { effectiveFiles, embeddedFile } from "./search_path.ts";

function find(files: Record<string, string>, embedded: string[] = []): string[] {
  const directory = Deno.makeTempDirSync();
  try {
    for (const [name, text] of Object.entries(files)) {
      const path = `${directory}/${name}`;
      Deno.mkdirSync(path.slice(0, path.lastIndexOf("/")), { recursive: true });
      Deno.writeTextFileSync(path, text);
    }
    const settings = loadSettings({
      environment: {
        HOME: "/h",
        ENROOT_SYSCONF_PATH: `${directory}/system`,
        ENROOT_CONFIG_PATH: `${directory}/user`,
      },
    });
    return effectiveFiles(settings, { directory: "mounts.d", suffix: ".fstab", embedded }).map((
      file,
    ) => file.source === "embedded" ? file.name : file.path.slice(directory.length + 1));
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
}

Deno.test("effectiveFiles() are the embedded ones where there are no others", () => {
  assertEquals(find({}, ["20-b.fstab", "10-a.fstab"]), ["10-a.fstab", "20-b.fstab"]);
});

Deno.test("effectiveFiles() lists the system's files before the user's, each in name order", () => {
  assertEquals(
    find({
      "system/mounts.d/30-c.fstab": "x",
      "system/mounts.d/15-b.fstab": "x",
      "user/mounts.d/20-z.fstab": "x",
      "user/mounts.d/05-y.fstab": "x",
    }, ["10-a.fstab", "20-b.fstab"]),
    [
      "10-a.fstab",
      "system/mounts.d/15-b.fstab",
      "20-b.fstab",
      "system/mounts.d/30-c.fstab",
      "user/mounts.d/05-y.fstab",
      "user/mounts.d/20-z.fstab",
    ],
  );
});

Deno.test("effectiveFiles() lets a system file replace the embedded one of its name", () => {
  assertEquals(find({ "system/mounts.d/10-a.fstab": "x" }, ["10-a.fstab"]), [
    "system/mounts.d/10-a.fstab",
  ]);
});

Deno.test("effectiveFiles() lets an empty system file take the embedded one away", () => {
  assertEquals(find({ "system/mounts.d/10-a.fstab": "" }, ["10-a.fstab"]), []);
});

Deno.test("effectiveFiles() keeps embedded files beside a user's file of the same name", () => {
  assertEquals(find({ "user/mounts.d/10-a.fstab": "x" }, ["10-a.fstab"]), [
    "10-a.fstab",
    "user/mounts.d/10-a.fstab",
  ]);
});

Deno.test("effectiveFiles() passes over other names", () => {
  const files = { "system/mounts.d/a.fstab~": "x", "system/mounts.d/.b.fstab": "x" };
  assertEquals(find({ ...files, "system/mounts.d/extra/c.fstab": "x" }), []);
});

Deno.test("embeddedFile() finds a file of conf/", () => {
  assertEquals(Deno.readTextFileSync(embeddedFile("enroot.conf")).startsWith("# Config"), true);
});
