import { bytesOf, type ByteString } from "../../../bytes/mod.ts";
import {
  ERRNO,
  MAX_READ,
  negotiate,
  OPCODE,
  Reply,
  type Request,
  type Settled,
} from "../../../formats/fuse/mod.ts";
import { DirectoryReader } from "./directory_reader.ts";
import { MAX_NAME_LENGTH, type ServedImage } from "./served_image.ts";

/** Longest link target that fits a page; the kernel takes no longer one. */
const MAX_TARGET_LENGTH = 4095;

const NOTHING_SETTLED: Settled = {
  zeroMessageOpen: false,
  zeroMessageOpendir: false,
};

/** Answers the kernel's requests for one image. Does no input or output but the image's. */
export class ImageService {
  readonly #image: ServedImage;
  readonly #directories: DirectoryReader;
  readonly #reply = new Reply(MAX_READ);
  readonly #onFailure: (error: unknown) => void;
  #settled: Settled;

  /**
   * @param options.onFailure told of every request that failed for what is wrong with the image
   * @param options.settled what has been settled, where the kernel's INIT was answered already
   */
  constructor(
    image: ServedImage,
    { onFailure, settled = NOTHING_SETTLED }: {
      onFailure: (error: unknown) => void;
      settled?: Settled;
    },
  ) {
    this.#settled = settled;
    this.#image = image;
    this.#directories = new DirectoryReader(image);
    this.#onFailure = onFailure;
  }

  /** What has been settled with the kernel. */
  get settled(): Settled {
    return this.#settled;
  }

  /** The reply to a request that failed. */
  fail(request: Request): Uint8Array<ArrayBuffer> {
    this.#reply.error(ERRNO.EIO);
    return this.#reply.seal(request.unique);
  }

  /** Answers a request. @returns the reply, valid until the next one; null where none is wanted */
  answer(request: Request): Uint8Array<ArrayBuffer> | null {
    const { opcode } = request;
    if (opcode === OPCODE.FORGET || opcode === OPCODE.BATCH_FORGET) return null;
    try {
      if (request.complete) this.#dispatch(request);
      else this.#reply.error(ERRNO.EINVAL);
    } catch (error) {
      this.#reply.error(ERRNO.EIO);
      this.#onFailure(error);
    }
    return this.#reply.seal(request.unique);
  }

  #dispatch(request: Request): void {
    switch (request.opcode) {
      case OPCODE.LOOKUP:
        return this.#lookup(request);
      case OPCODE.GETATTR:
        return this.#reply.attributes(this.#image.attributes(this.#image.inode(request.nodeId)));
      case OPCODE.READLINK:
        return this.#readlink(request);
      case OPCODE.OPEN:
        return this.#open(this.#settled.zeroMessageOpen);
      case OPCODE.OPENDIR:
        return this.#open(this.#settled.zeroMessageOpendir);
      case OPCODE.READ:
        return this.#read(request);
      case OPCODE.READDIR:
        return this.#readDirectory(request, false);
      case OPCODE.READDIRPLUS:
        return this.#readDirectory(request, true);
      case OPCODE.GETXATTR:
        return this.#getXattr(request);
      case OPCODE.LISTXATTR:
        return this.#listXattrs(request);
      case OPCODE.STATFS:
        return this.#reply.statistics(this.#image.statistics());
      case OPCODE.RELEASE:
      case OPCODE.RELEASEDIR:
      case OPCODE.DESTROY:
        return this.#reply.done();
      case OPCODE.INIT:
        return this.#begin(request);
      default:
        // Once for most kinds of requests: the kernel does not ask again, or does it all by itself.
        return this.#reply.error(ERRNO.ENOSYS);
    }
  }

  #begin(request: Request): void {
    const negotiation = negotiate(request.init());
    switch (negotiation.kind) {
      case "refused":
        return this.#reply.error(ERRNO.EPROTO);
      case "agreed":
        this.#settled = negotiation.settled;
        return this.#reply.init(negotiation.reply);
      case "again":
        return this.#reply.init(negotiation.reply);
    }
  }

  #lookup(request: Request): void {
    const directory = this.#image.inode(request.nodeId);
    if (directory.kind !== "directory") return this.#reply.error(ERRNO.ENOTDIR);
    const name = request.lookupName();
    if (name.length > MAX_NAME_LENGTH) return this.#reply.error(ERRNO.ENAMETOOLONG);
    const found = this.#image.reader.lookup(directory, name);
    if (found !== null) this.#directories.lookedUp(directory, found);
    // Told with an entry rather than ENOENT, the kernel remembers that there is no such name.
    this.#reply.entry(
      found === null ? { nodeId: 0, attributes: null } : this.#image.entry(found.reference),
    );
  }

  #readlink(request: Request): void {
    const inode = this.#image.inode(request.nodeId);
    if (inode.kind !== "symlink") return this.#reply.error(ERRNO.EINVAL);
    if (inode.target.length > MAX_TARGET_LENGTH) return this.#reply.error(ERRNO.ENAMETOOLONG);
    this.#reply.bytes(bytesOf(inode.target));
  }

  #open(zeroMessage: boolean): void {
    if (zeroMessage) this.#reply.error(ERRNO.ENOSYS);
    else this.#reply.opened();
  }

  #read(request: Request): void {
    const inode = this.#image.inode(request.nodeId);
    if (inode.kind !== "file") return this.#reply.error(ERRNO.EISDIR);
    const { offset, size } = request.range();
    // A reply cut short would mean the end of the file.
    if (size > MAX_READ || offset === Infinity) return this.#reply.error(ERRNO.EINVAL);
    this.#reply.data(this.#image.reader.readData(inode, offset, size, this.#reply.room));
  }

  #readDirectory(request: Request, plus: boolean): void {
    const directory = this.#image.inode(request.nodeId);
    if (directory.kind !== "directory") return this.#reply.error(ERRNO.ENOTDIR);
    const { room } = this.#reply;
    this.#reply.data(
      this.#directories.read(directory, { range: request.range(), room, plus }),
    );
  }

  #getXattr(request: Request): void {
    // An image without any: the kernel need not ask for each file.
    if (!this.#image.hasXattrs) return this.#reply.error(ERRNO.ENOSYS);
    const inode = this.#image.inode(request.nodeId);
    const value = this.#image.xattrs(inode, request).get(request.xattrName());
    if (value === undefined) this.#reply.error(ERRNO.ENODATA);
    else this.#sized(value, request.xattrRoom());
  }

  #listXattrs(request: Request): void {
    if (!this.#image.hasXattrs) return this.#reply.error(ERRNO.ENOSYS);
    const inode = this.#image.inode(request.nodeId);
    let names: ByteString = "";
    for (const name of this.#image.xattrs(inode, request).keys()) names += `${name}\0`;
    this.#sized(bytesOf(names), request.xattrRoom());
  }

  #sized(value: Uint8Array, room: number): void {
    if (room === 0) this.#reply.xattrLength(value.length);
    else if (value.length > Math.min(room, MAX_READ)) this.#reply.error(ERRNO.ERANGE);
    else this.#reply.bytes(value);
  }
}
