import { assert } from "@std/assert";
import { hostPlatform } from "../../../src/image/source/host_platform.ts";
import { assembleImage, parseImageUri } from "../../../src/image/mod.ts";
import { sha256 } from "../../support/registry.ts";
import { memoryStore } from "../../support/memory_store.ts";
import { writeLayout } from "../../support/oci_layout.ts";
import { tarArchive } from "../../support/tar_archive.ts";
import { repairTar, TAR_WORDS } from "../tar_seeds.ts";
import { type FuzzTarget, isEnrootRefusal } from "../target.ts";

const SCHEMES = ["oci-archive", "docker-archive", "tar"];
const LAYER = tarArchive([{ path: "bin/sh", data: "#!" }, {
  path: "etc/link",
  type: "2",
  link: "/",
}]);

/** Whole images in archives, by the names that users give them. */
export const archiveTarget: FuzzTarget = {
  name: "archive",
  weight: 6,
  open: (directory) => {
    const path = `${directory}/archive`;
    return {
      seeds: [layoutArchive(`${directory}/layout`), savedArchive(), LAYER].map((bytes) => ({
        bytes,
      })),
      dictionary: [...TAR_WORDS, '"', "{", "}", "[]", "null", "layer.tar", "blobs/sha256/"],
      repair: repairTar,
      async run(input) {
        Deno.writeFileSync(path, input);
        const refusals: unknown[] = [];
        for (const scheme of SCHEMES) {
          try {
            await assemble(`${scheme}:${path}`, directory);
          } catch (error) {
            if (!isEnrootRefusal(error)) throw error;
            refusals.push(error);
          }
        }
        assert([...Deno.readDirSync(directory)].length <= 2, "something was left behind");
        if (refusals.length === SCHEMES.length) throw refusals[0];
      },
      isRefusal: isEnrootRefusal,
    };
  },
};

async function assemble(uri: string, tempPath: string): Promise<void> {
  await using source = await parseImageUri(uri).open({
    cachePath: tempPath,
    tempPath,
    maxConnections: 1,
    allowHttp: false,
    connectTimeout: 1,
    transferTimeout: 1,
    transferRetries: 0,
    configPath: tempPath,
    environment: {},
  });
  await assembleImage(source, {
    platform: hostPlatform(),
    processors: 1,
    store: memoryStore(),
    mtime: 1,
  });
}

function layoutArchive(directory: string): Uint8Array {
  const { architecture } = hostPlatform();
  writeLayout(directory, [
    { layers: [{ tar: LAYER }, { tar: LAYER, compression: "none" }], architecture },
  ]);
  const members = [...Deno.readDirSync(`${directory}/blobs/sha256`)].map(({ name }) => ({
    path: `blobs/sha256/${name}`,
    data: Deno.readFileSync(`${directory}/blobs/sha256/${name}`),
  }));
  for (const name of ["index.json", "oci-layout"]) {
    members.push({ path: name, data: Deno.readFileSync(`${directory}/${name}`) });
  }
  return tarArchive(members);
}

/** What `docker save` writes, with a layer that is a link to another one. */
function savedArchive(): Uint8Array {
  const config = { os: "linux", rootfs: { diff_ids: [sha256(LAYER), sha256(LAYER)] } };
  const manifest = [{
    Config: "c.json",
    RepoTags: ["a:b"],
    Layers: ["1/layer.tar", "2/layer.tar"],
  }];
  return tarArchive([
    { path: "1/", type: "5" },
    { path: "1/layer.tar", data: LAYER },
    { path: "2/layer.tar", type: "2", link: "../1/layer.tar" },
    { path: "c.json", data: JSON.stringify(config) },
    { path: "manifest.json", data: JSON.stringify(manifest) },
  ]);
}
