import { assert, assertEquals } from "@std/assert";
import { ListingDetail } from "./listing_detail.ts";

/** Lists directories, and looks files up in those of which not all was told. */
function walk(detail: ListingDetail, directories: number): number {
  let byName = 0;
  for (let reference = 0; reference < directories; reference++) {
    if (detail.next(reference)) continue;
    byName++;
    detail.lookedUp(reference);
    detail.lookedUp(reference);
  }
  return byName;
}

Deno.test("ListingDetail tells of nearly all files to who looks at them", () => {
  assertEquals(walk(new ListingDetail(), 10_000), 7);
});

Deno.test("ListingDetail tells hardly more than names to who wants no more", () => {
  const detail = new ListingDetail();
  let told = 0;
  for (let reference = 0; reference < 10_000; reference++) told += detail.next(reference) ? 1 : 0;
  assertEquals(told, 4);
});

Deno.test("ListingDetail takes other files that are looked up for no sign", () => {
  const detail = new ListingDetail();
  for (let reference = 0; reference < 30; reference++) {
    detail.next(reference);
    detail.lookedUp(1000 + reference);
    detail.lookedUp(0);
  }
  assert(!detail.next(30));
  detail.lookedUp(30);
  assert(detail.next(31));
});
