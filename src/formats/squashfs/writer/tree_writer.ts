import {
  childOf,
  NAMES_PER_STEP,
  pathOf,
  type PlannedDirectory,
  type TreePlan,
} from "./tree_plan.ts";
import type { BlockCoding } from "./block_coding.ts";
import { type ListingEntry, writeListing, type WrittenListing } from "./directory_writer.ts";
import { IdTable } from "./id_table.ts";
import { InodeWriter } from "./inode_writer.ts";
import { MetadataWriter } from "./metadata_writer.ts";
import type { SquashfsOptions } from "./options.ts";
import { XattrTable } from "./xattr_table.ts";

/** The tables that describe a tree. */
export interface WrittenTree {
  inodes: MetadataWriter;
  directories: MetadataWriter;
  ids: IdTable;
  xattrs: XattrTable;
  /** Where each inode is, by inode number less one. */
  references: Float64Array;
}

/**
 * Encodes a tree. Yields where it can be interrupted.
 *
 * A listing refers to inodes, and a directory's inode to its listing, so directories come behind
 * what is in them. The inodes of one directory are written in a row, which lets its listing share
 * headers and lets a reader that visits all of them decompress each block once.
 *
 * @throws {EnrootError} the tree has something squashfs cannot hold
 */
export function* writeTree(
  plan: TreePlan,
  { coding, options }: { coding: BlockCoding; options: SquashfsOptions },
): Generator<void, WrittenTree> {
  const { compressInodes, keepXattrs, allRoot, allTime } = options;
  const tree: WrittenTree = {
    inodes: new MetadataWriter(compressInodes ? coding : null),
    directories: new MetadataWriter(compressInodes ? coding : null),
    ids: new IdTable(),
    xattrs: new XattrTable({ keep: keepXattrs }),
    references: new Float64Array(plan.inodeCount).fill(NaN),
  };
  const { inodes: table, ids, xattrs, references } = tree;
  const writer = new InodeWriter({ table, ids, xattrs, allRoot, allTime });
  /** Of directories whose own inode is not written yet. */
  const listings = new Map<number, WrittenListing>();

  const writeDirectory = (planned: PlannedDirectory, parent: number) => {
    const { directory, number, subdirectories } = planned;
    const listing = listings.get(number);
    if (listing === undefined) throw new Error("directory before what is in it");
    listings.delete(number);
    references[number - 1] = writer.writeDirectory(directory, {
      number,
      parent,
      subdirectories: subdirectories.length,
      listing,
    });
  };

  for (const planned of plan.directories) {
    const { directory, names, numbers, subdirectories } = planned;
    const entries: ListingEntry[] = [];
    let nextSubdirectory = 0;
    for (const [index, name] of names.entries()) {
      if (index % NAMES_PER_STEP === 0) yield;
      const child = childOf(directory, name);
      const number = numbers[index] ?? 0;
      const subdirectory = child.kind === "directory" ? subdirectories[nextSubdirectory++] : null;
      // A file with several names has been written with the first.
      if (Number.isNaN(references[number - 1])) {
        if (subdirectory) writeDirectory(subdirectory, planned.number);
        else if (child.kind !== "directory") {
          const links = plan.links[number] ?? 1;
          const path = () => pathOf(planned, name);
          references[number - 1] = writer.write(child, { number, links, path });
        }
      }
      entries.push({ name, kind: child.kind, number, reference: references[number - 1] ?? 0 });
    }
    listings.set(planned.number, writeListing(tree.directories, entries));
  }
  const root = plan.directories.at(-1);
  // The root's parent is, by convention, the number after the last.
  if (root !== undefined) writeDirectory(root, plan.inodeCount + 1);
  return tree;
}
