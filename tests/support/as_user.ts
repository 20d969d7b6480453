/** A user that owns nothing. */
export const OTHER_USER = 1001;

/**
 * Runs `action` with the rights on files of a user without privileges: a process of the superuser
 * cannot see otherwise what permission bits do. Only for synchronous work.
 */
export function asUser<Result>(uid: number, action: () => Result): Result {
  // setfsuid(2) is about the calling thread and takes the capabilities for files away.
  const library = Deno.dlopen("libc.so.6", {
    setfsuid: { parameters: ["u32"], result: "i32" },
    setfsgid: { parameters: ["u32"], result: "i32" },
  });
  try {
    library.symbols.setfsgid(uid);
    library.symbols.setfsuid(uid);
    return action();
  } finally {
    library.symbols.setfsuid(0);
    library.symbols.setfsgid(0);
    library.close();
  }
}
