import { type ByteString, byteString } from "../bytes/mod.ts";
import { libc } from "./libc.ts";

const symbols = libc({
  ttyname_r: { parameters: ["i32", "buffer", "usize"], result: "i32" },
});

/** The path of the terminal a descriptor is open on (ttyname(3)); null when it is none. */
export function terminalName(fd: number): ByteString | null {
  const buffer = new Uint8Array(256);
  if (symbols().ttyname_r(fd, buffer, BigInt(buffer.length)) !== 0) return null;
  return byteString(buffer, 0, buffer.indexOf(0));
}
