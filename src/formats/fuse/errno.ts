/** Errors a request can end in: errno(3) numbers, which Linux has in common on all our machines. */
export const ERRNO = {
  ENOENT: 2,
  EIO: 5,
  EISDIR: 21,
  ENOTDIR: 20,
  EINVAL: 22,
  ERANGE: 34,
  ENAMETOOLONG: 36,
  ENOSYS: 38,
  ENODATA: 61,
  EPROTO: 71,
} as const;
