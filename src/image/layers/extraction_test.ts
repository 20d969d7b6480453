import { assertEquals, assertThrows } from "@std/assert";
import { memoryStore } from "../../../tests/support/memory_store.ts";
import { tarArchive, type TarMember } from "../../../tests/support/tar_archive.ts";
import { createTarReader } from "../../formats/tar/mod.ts";
import { emptyDirectory, TreeError } from "../../fstree/mod.ts";
import { type Budget, XATTR_BYTES } from "./budget.ts";
import { Extraction } from "./extraction.ts";
import { BudgetedLayer } from "./layer_target.ts";

const ENOUGH = 1e9;

/** What is left of a budget when these members were extracted. */
function spend(budget: Budget, ...members: TarMember[]): Budget {
  const reader = createTarReader(
    new Extraction({
      layer: new BudgetedLayer(emptyDirectory<string>({ mtime: 0 }), budget),
      store: memoryStore(),
      budget,
    }),
  );
  reader.push(tarArchive(members));
  reader.end();
  return budget;
}

/** Bytes of memory that members are counted as. */
function cost(...members: TarMember[]): number {
  return ENOUGH - spend({ treeBytes: ENOUGH, holeBytes: 0 }, ...members).treeBytes;
}

Deno.test("Extraction charges for what stays in memory, names and all", () => {
  const plain = cost({ path: "f" });
  assertEquals(cost({ path: "f", data: "x".repeat(10_000) }), plain);
  assertEquals(cost({ path: "f" }, { path: "g" }), 2 * plain);
  assertEquals(cost({ path: "f".repeat(51) }), plain + 50);
  assertEquals(cost({ path: "l", type: "2", link: "t".repeat(50) }), plain + 50);
  const pax = { "SCHILY.xattr.user.x": "v".repeat(60), "SCHILY.xattr.trusted.x": "v".repeat(60) };
  assertEquals(cost({ path: "f", pax }), plain + 66 + 2 * XATTR_BYTES);
});

Deno.test("Extraction charges for directories that a path implies", () => {
  const directory = cost({ path: "d/" }) - 2;
  const deep = `${"d/".repeat(1000)}f`;
  assertEquals(
    cost({ path: "f", pax: { path: deep } }),
    cost({ path: "f" }) - 1 + deep.length + 1000 * directory,
  );
  assertEquals(
    cost({ path: "a" }, { path: "b", type: "1", link: "a", pax: { path: "d/e/b" } }),
    2 * cost({ path: "a" }) + 4 + 2 * directory,
  );
});

Deno.test("Extraction stops when the image has used up its memory or its holes", () => {
  const enough = cost({ path: "f" });
  spend({ treeBytes: enough, holeBytes: 0 }, { path: "f" });
  assertThrows(
    () => spend({ treeBytes: enough - 1, holeBytes: 0 }, { path: "f" }),
    TreeError,
    "too many files for the memory that there is",
  );
  const sparse: TarMember = {
    path: "s",
    pax: { "GNU.sparse.size": "5000", "GNU.sparse.map": "" },
  };
  spend({ treeBytes: enough, holeBytes: 5000 }, sparse);
  assertThrows(
    () => spend({ treeBytes: enough, holeBytes: 4999 }, sparse),
    TreeError,
    "too large a sparse file",
  );
});
