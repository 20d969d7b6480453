import { assertEquals } from "@std/assert";
import { requires, requiring } from "./requires.ts";
import { makeTemporaryDirectory } from "./temp.ts";

/** Runs something with a PATH in which there are only these programs. */
function withPrograms<Result>(names: string[], action: () => Result): Result {
  using directory = makeTemporaryDirectory();
  for (const name of names) Deno.writeTextFileSync(`${directory.path}/${name}`, "");
  const path = Deno.env.get("PATH") ?? "";
  Deno.env.set("PATH", directory.path);
  try {
    return action();
  } finally {
    Deno.env.set("PATH", path);
  }
}

Deno.test("requires() names the first program that is not in PATH", () => {
  withPrograms(["xz", "zstd"], () => {
    assertEquals(requires({ programs: ["xz", "zstd"] }), undefined);
    assertEquals(requires({ programs: ["xz", "umoci", "skopeo"] }), "no umoci");
    assertEquals(requires({}), undefined);
  });
});

Deno.test("requiring() puts the reason into the name of a test that is skipped", () => {
  assertEquals(requiring({}, "it works"), { name: "it works", ignore: false });
  assertEquals(requiring({ other: "it rains" }, "it works"), {
    name: "it works (skipped: it rains)",
    ignore: true,
  });
});

Deno.test("requires() asks for root only where that was asked for", () => {
  const needed = Deno.uid() === 0 ? undefined : "only root can do this";
  assertEquals(requires({ root: true }), needed);
  assertEquals(requires({ root: false }), undefined);
});
