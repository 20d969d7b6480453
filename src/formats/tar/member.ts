import { type ByteString, textFromByteString } from "../../bytes/mod.ts";
import type { TarEntry } from "./entry.ts";
import type { Header } from "./header.ts";
import { parseDecimal, parseTime, type PaxRecords } from "./pax.ts";
import { addOldGnuPieces, oldGnuRealSize, paxSparseMap, type SparseMap } from "./sparse.ts";
import { TarError } from "./tar_error.ts";

/** What members before this one said about it. */
export interface Extensions {
  /** The pax header of this member alone. */
  local: PaxRecords | null;
  /** Values of the pax headers for all members from here on. */
  global: PaxRecords["values"] | null;
  /** GNU long name and link name. */
  longName: ByteString | null;
  longLink: ByteString | null;
}

/** A member and how its body is laid out. */
export interface Member {
  /** For a sparse file with the size still missing, where it comes from the map. */
  entry: TarEntry;
  /** Bytes of the body, without padding. */
  stored: number;
  /** Where the data belongs, if not all in one piece. */
  sparse: SparseLayout | null;
}

/** Where the map of a sparse file is. */
export type SparseLayout =
  | { at: "hand"; map: SparseMap }
  /** In the header and, when it is extended, in blocks after it. */
  | { at: "header"; map: SparseMap; extended: boolean }
  /** In the first blocks of the body. */
  | { at: "body" };

/**
 * Puts a member together from its header block and what came before it.
 *
 * @returns null for members that are no files, such as volume labels; their bodies are skipped
 * @throws {TarError} when it contradicts itself or is of a type that we do not know
 */
export function memberFrom(
  header: Header,
  block: Uint8Array,
  extensions: Extensions,
): Member | null {
  const valueOf = paxLookup(extensions);
  const name = valueOf("GNU.sparse.name") ?? valueOf("path") ?? extensions.longName ?? header.name;
  // As GNU tar has it: some writers name the root so.
  const path = name === "" ? "." : name;
  const attributes = {
    path,
    mode: header.mode,
    uid: numberOf(valueOf("uid"), "pax uid") ?? header.uid,
    gid: numberOf(valueOf("gid"), "pax gid") ?? header.gid,
    mtime: timeOf(valueOf("mtime")) ?? header.mtime,
    xattrs: extensions.local?.xattrs ?? null,
  };
  const stored = numberOf(valueOf("size"), "pax size") ?? header.size;
  const target = () => valueOf("linkpath") ?? extensions.longLink ?? header.linkname;
  // The size of members without data is often garbage: readers expect no body there.
  const bare = (entry: TarEntry): Member => ({ entry, stored: 0, sparse: null });
  switch (header.typeflag) {
    case "\0":
    case "0":
    case "7": {
      if (path.endsWith("/")) {
        return { entry: { ...attributes, kind: "directory" }, stored, sparse: null };
      }
      const sparse = paxSparseLayout(extensions);
      const size = sparse === null ? stored : numberOf(
        valueOf("GNU.sparse.realsize") ?? valueOf("GNU.sparse.size"),
        "GNU.sparse.size",
      );
      if (size === undefined) throw new TarError("sparse file without a size");
      return { entry: { ...attributes, kind: "file", size }, stored, sparse };
    }
    case "S": {
      const map: SparseMap = [];
      const extended = addOldGnuPieces(map, block, "header");
      const size = oldGnuRealSize(block);
      const sparse: SparseLayout = { at: "header", map, extended };
      return { entry: { ...attributes, kind: "file", size }, stored, sparse };
    }
    case "1":
      return bare({ ...attributes, kind: "hardlink", target: target() });
    case "2":
      return bare({ ...attributes, kind: "symlink", target: target() });
    case "3":
    case "4": {
      const kind = header.typeflag === "3" ? "character" : "block";
      return bare({ ...attributes, kind, major: header.devmajor, minor: header.devminor });
    }
    case "5":
      return bare({ ...attributes, kind: "directory" });
    case "6":
      return bare({ ...attributes, kind: "fifo" });
    case "D":
      // A directory of an incremental GNU archive; its body lists names.
      return { entry: { ...attributes, kind: "directory" }, stored, sparse: null };
    case "V":
      return null;
    default:
      throw new TarError(
        `unknown type ${JSON.stringify(header.typeflag)} of member ${textFromByteString(path)}`,
      );
  }
}

/** Looks a keyword up: the member's own value first. An empty value means "not set". */
function paxLookup({ local, global }: Extensions): (keyword: ByteString) => ByteString | undefined {
  if (local === null && global === null) return () => undefined;
  return (keyword) => (local?.values.get(keyword) ?? global?.get(keyword)) || undefined;
}

function numberOf(value: ByteString | undefined, what: string): number | undefined {
  return value === undefined ? undefined : parseDecimal(value, what);
}

function timeOf(value: ByteString | undefined): number | undefined {
  return value === undefined ? undefined : parseTime(value);
}

function paxSparseLayout({ local }: Extensions): SparseLayout | null {
  if (local === null) return null;
  const major = local.values.get("GNU.sparse.major");
  const minor = local.values.get("GNU.sparse.minor");
  if (major === "1" && minor === "0") return { at: "body" };
  if (major !== undefined && major !== "0") throw new TarError("unknown sparse format");
  if (local.values.has("GNU.sparse.map") || local.values.has("GNU.sparse.size")) {
    return { at: "hand", map: paxSparseMap(local) };
  }
  return null;
}
