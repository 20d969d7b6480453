import { byteString } from "../../src/bytes/mod.ts";
import type { FileStore } from "../../src/fstree/mod.ts";

/** Keeps the data of files as byte strings; holes show as `<LENGTH>`. */
export function memoryStore(): FileStore<string> {
  let data: string | null = null;
  const append = (text: string) => {
    if (data === null) throw new Error("no file was begun");
    data += text;
  };
  return {
    beginFile() {
      if (data !== null) throw new Error("the file before was not ended");
      data = "";
    },
    write: (chunk) => append(byteString(chunk)),
    writeHole: (length) => append(`<${length}>`),
    endFile() {
      if (data === null) throw new Error("no file was begun");
      const content = data;
      data = null;
      return content;
    },
    drain: () => undefined,
  };
}
