import { assertThrows } from "@std/assert";
import { EnrootError } from "../diagnostics/mod.ts";
import { parseCommand } from "./command.ts";
import { refuseOtherBytes } from "./not_utf8.ts";

const refuse = (...args: string[]) => () => refuseOtherBytes(parseCommand(args));

Deno.test("refuseOtherBytes() lets through what is passed on byte for byte", () => {
  const odd = "J\udcf6rg";
  refuse("start", "-e", `X=${odd}`, "-m", `/${odd}:/x`, "--rc", odd, "box", "echo", odd)();
  refuse("exec", "-e", `X=${odd}`, "1", "echo", odd)();
  refuse("create", "-n", "box", odd)();
  refuse("start", "Jörg😀", "echo", "ö")();
});

Deno.test("refuseOtherBytes() refuses names that would be those of other files", () => {
  const odd = "J\udcf6rg";
  for (
    const args of [
      ["start", odd],
      ["start", "-c", odd, "box"],
      ["exec", odd, "true"],
      ["batch", odd],
      ["create", "-n", odd, "x.sqsh"],
      ["export", "-o", odd, "box"],
      ["import", "-o", odd, "docker://alpine"],
      ["import", `tar:${odd}`],
      ["remove", "box", odd],
    ]
  ) {
    assertThrows(refuse(...args), EnrootError, "(it is not UTF-8)");
  }
});
