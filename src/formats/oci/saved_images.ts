import { asObject, asOptionalList, asString, parseJsonList } from "./json.ts";

/** An image in an archive that `docker save` has written. */
export interface SavedImage {
  /** The file with its configuration. */
  config: string;
  /** `NAME:TAG` each; none when it was saved by its digest. */
  names: string[];
  /** The files with its layers, bottom first. */
  layers: string[];
}

/**
 * Reads the `manifest.json` of such an archive (Docker image specification v1.2).
 *
 * @throws {EnrootError} when it is malformed
 */
export function parseSavedImages(bytes: Uint8Array): SavedImage[] {
  const strings = (value: unknown, what: string) =>
    asOptionalList(value, what).map((item) => asString(item, what));
  return parseJsonList(bytes, "manifest.json").map((value) => {
    const object = asObject(value, "image in manifest.json");
    return {
      config: asString(object.Config, "Config in manifest.json"),
      names: strings(object.RepoTags, "RepoTags in manifest.json"),
      layers: strings(object.Layers, "Layers in manifest.json"),
    };
  });
}
