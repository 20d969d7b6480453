/**
 * The FUSE protocol: what the kernel asks through /dev/fuse and what a read-only file system
 * answers, as values and bytes. linux/fuse.h of the kernel defines it.
 *
 * Nothing here touches the device. Request and Reply work in memory of their own that they use
 * again and again, as a server goes through hundreds of thousands of them a second.
 */
export type { Attributes, Entry } from "./attributes.ts";
export { type DirectoryName, DirectoryPage } from "./directory_page.ts";
export { ERRNO } from "./errno.ts";
export {
  type InitReply,
  MAX_READ,
  negotiate,
  type Negotiation,
  type Settled,
} from "./negotiation.ts";
export { OPCODE } from "./opcode.ts";
export { type FileSystemStatistics, nodeIdOf, Reply } from "./reply.ts";
export { type InitRequest, type ReadRange, Request } from "./request.ts";
