import { assert, assertEquals } from "@std/assert";
import { byteStringFromText } from "../../../src/bytes/mod.ts";
import { extractImage, openImage, removeTree } from "../../../src/rootfs/mod.ts";
import { SQUASHFS_WORDS, squashfsSeeds } from "../squashfs_seeds.ts";
import { type FuzzTarget, isEnrootRefusal } from "../target.ts";

const SECRET = "nobody may touch this\n";

/** Extraction of images to a directory, which must stay inside it and leave nothing behind. */
export const extractionTarget: FuzzTarget = {
  name: "extraction",
  weight: 15,
  open: async (directory) => {
    const seeds = await squashfsSeeds(directory, { manyNames: false });
    const box = `${directory}/box`;
    Deno.mkdirSync(`${box}/sentinel/below`, { recursive: true });
    Deno.writeTextFileSync(`${box}/sentinel/file`, SECRET);
    const untouched = describe(`${box}/sentinel`);
    const image = `${directory}/image`;
    return {
      seeds,
      dictionary: SQUASHFS_WORDS,
      async run(input) {
        Deno.writeFileSync(image, input);
        try {
          using file = openImage(image);
          await extractImage(file, byteStringFromText(`${box}/root`), {
            processors: 1,
            keepPrivileges: false,
          });
          assert(Deno.lstatSync(`${box}/root`).isDirectory, "extracted, but not there");
          removeTree(byteStringFromText(`${box}/root`));
        } finally {
          const names = [...Deno.readDirSync(box)].map(({ name }) => name).sort();
          assertEquals(names, ["sentinel"], "something was left behind");
          assertEquals(describe(`${box}/sentinel`), untouched, "the sentinel was touched");
        }
      },
      isRefusal: isEnrootRefusal,
    };
  },
};

function describe(sentinel: string): string {
  const names = [...Deno.readDirSync(sentinel)].map(({ name }) => name).sort();
  const stats = [sentinel, ...names.map((name) => `${sentinel}/${name}`)].map((path) => {
    const { mode, mtime, size, uid, nlink } = Deno.lstatSync(path);
    return [path, mode, mtime?.getTime(), size, uid, nlink].join(" ");
  });
  return [...stats, Deno.readTextFileSync(`${sentinel}/file`)].join("\n");
}
