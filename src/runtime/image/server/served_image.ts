import type { ByteString } from "../../../bytes/mod.ts";
import { EnrootError } from "../../../diagnostics/mod.ts";
import type { Attributes, Entry, FileSystemStatistics } from "../../../formats/fuse/mod.ts";
import {
  openSquashfs,
  type SquashfsDirectory,
  type SquashfsInode,
  type SquashfsReader,
} from "../../../formats/squashfs/reader/mod.ts";
import { pread, S, statusOf } from "../../../linux/mod.ts";

/** The owner that the files of a mount appear to have, by the ids of the mount's user namespace. */
export interface Owner {
  uid: number;
  gid: number;
}

/** Which image to serve. */
export interface ImageSource {
  /** An open file. */
  imageFd: number;
  /** Where in the file the image begins, in bytes. */
  offset: number;
  /**
   * Given, all files belong to this user: in a user namespace that maps one id, files of others
   * could not be copied to the upper layer of an overlay. Null leaves them to the image's owners.
   */
  owner: Owner | null;
}

/** The number by which the kernel knows the root directory (FUSE_ROOT_ID). */
const ROOT_NODE = 1;
/** Other files have the reference to their inode, moved out of the way of 0 and the root's. */
const FIRST_NODE = 2;

/**
 * Inodes that are kept decoded, for the many requests on one file.
 *
 * They are kept in an array whose elements are overwritten. Tables that maps have outgrown keep what
 * is in them from the collector of young objects, and every inode would live to grow old.
 */
const KEPT_INODES = 64;

/** SQUASHFS_NAME_LEN */
export const MAX_NAME_LENGTH = 256;

const TYPE_BITS = {
  directory: S.IFDIR,
  file: S.IFREG,
  symlink: S.IFLNK,
  block: S.IFBLK,
  character: S.IFCHR,
  fifo: S.IFIFO,
  socket: S.IFSOCK,
} as const;

/**
 * An image as FUSE sees it: files by node number.
 *
 * The number tells where the inode is, so there is no table of files: threads need not agree on
 * anything, and nothing grows with the number of files in use.
 */
export class ServedImage {
  readonly reader: SquashfsReader;
  readonly #owner: Owner | null;
  readonly #root: SquashfsDirectory;
  readonly #inodes = new Array<SquashfsInode | null>(KEPT_INODES).fill(null);

  /** @throws {SquashfsError} the image cannot be read */
  constructor({ imageFd, offset, owner }: ImageSource) {
    this.reader = openSquashfs(
      { size: statusOf(imageFd).size, read: (at, into) => readWhole(imageFd, { at, into }) },
      { offset },
    );
    this.#owner = owner;
    this.#root = this.reader.root();
  }

  /** Whether any file can have extended attributes. */
  get hasXattrs(): boolean {
    return this.reader.superblock.xattrTable !== null;
  }

  /** The file that a node number stands for. @throws {SquashfsError} */
  inode(nodeId: number): SquashfsInode {
    if (nodeId === ROOT_NODE) return this.#root;
    const reference = nodeId - FIRST_NODE;
    const place = reference % KEPT_INODES;
    const kept = this.#inodes[place];
    if (kept?.reference === reference) return kept;
    const inode = this.reader.readInode(reference);
    this.#inodes[place] = inode;
    return inode;
  }

  #nodeId({ reference }: SquashfsInode): number {
    return reference === this.#root.reference ? ROOT_NODE : reference + FIRST_NODE;
  }

  /** The file at an inode reference, with its node number. @throws {SquashfsError} */
  entry(reference: number): Entry {
    const inode = reference === this.#root.reference
      ? this.#root
      : this.reader.readInode(reference);
    return { nodeId: this.#nodeId(inode), attributes: this.attributes(inode) };
  }

  /** What stat(2) tells; as of the kernel's own squashfs where the image leaves a choice. */
  attributes(inode: SquashfsInode): Attributes {
    return {
      inodeNumber: inode.inodeNumber,
      size: sizeOf(inode),
      blocks: this.#blocksOf(inode),
      time: inode.mtime,
      mode: TYPE_BITS[inode.kind] | inode.mode,
      nlink: inode.nlink,
      uid: this.#owner?.uid ?? inode.uid,
      gid: this.#owner?.gid ?? inode.gid,
      device: inode.kind === "character" || inode.kind === "block" ? deviceOf(inode) : 0,
      blockSize: this.reader.superblock.blockSize,
    };
  }

  /** Units of 512 bytes: of data that is no hole, and of extended attributes. */
  #blocksOf(inode: SquashfsInode): number {
    const data = inode.kind === "file" ? inode.size - inode.holes : 0;
    return Math.ceil(data / 512) + Math.ceil(this.reader.xattrSize(inode) / 512);
  }

  statistics(): FileSystemStatistics {
    const { blockSize, bytesUsed, inodeCount } = this.reader.superblock;
    return {
      blocks: Math.ceil(bytesUsed / blockSize),
      files: inodeCount,
      blockSize,
      maxNameLength: MAX_NAME_LENGTH,
    };
  }

  /** The extended attributes that a caller, by its uid in the mount's namespace, may see. */
  xattrs(inode: SquashfsInode, { uid }: { uid: number }): Map<ByteString, Uint8Array> {
    const all = this.reader.xattrs(inode) ?? new Map<ByteString, Uint8Array>();
    return new Map([...all].filter(([name]) => !this.#isHidden(name, uid)));
  }

  /**
   * Attributes that are listed but cannot be read keep an overlay from copying the file up: those
   * of the host's superuser, and file capabilities in a user namespace without a uid 0 (EOVERFLOW,
   * see capabilities(7)), where they mean nothing anyway.
   */
  #isHidden(name: ByteString, uid: number): boolean {
    if (name.startsWith("trusted.")) return this.#owner !== null || uid !== 0;
    return name === "security.capability" && this.#owner !== null && this.#owner.uid !== 0;
  }
}

/** A directory is as large as its listing, with "." and ".." at the price squashfs puts on them. */
function sizeOf(inode: SquashfsInode): number {
  return inode.kind === "directory" ? inode.listing.length + 3 : inode.size;
}

/** new_encode_dev() of linux/kdev_t.h. */
function deviceOf({ major, minor }: { major: number; minor: number }): number {
  return ((minor & 0xff) | (major << 8) | ((minor & ~0xff) << 12)) >>> 0;
}

function readWhole(fd: number, { at, into }: { at: number; into: Uint8Array }): void {
  if (pread(fd, into, { offset: at }) < into.length) {
    throw new EnrootError("the image was cut short");
  }
}
