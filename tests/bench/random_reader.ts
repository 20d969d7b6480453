/**
 * Reads 4 KiB at random places of a file, as often as told, once somebody writes to its standard
 * input.
 *
 *     random_reader.ts FILE TIMES SEED
 */
const [path = "", times = "0", seed = "1"] = Deno.args;
using file = Deno.openSync(path);
const pages = Math.floor(file.statSync().size / 4096);
const buffer = new Uint8Array(4096);
let state = Number(seed);
Deno.stdout.writeSync(Uint8Array.of(0));
Deno.stdin.readSync(new Uint8Array(1));
for (let done = 0; done < Number(times); done++) {
  state = Math.imul(state, 1664525) + 1013904223 >>> 0;
  file.seekSync((state >>> 4) % pages * 4096, Deno.SeekMode.Start);
  file.readSync(buffer);
}
