import { EnrootError } from "../../diagnostics/mod.ts";
import { archiveFiles } from "./archive_files.ts";
import { directoryFiles } from "./directory_files.ts";
import { DockerArchiveSource } from "./docker_archive_source.ts";
import { type Engine, EngineSource } from "./engine_source.ts";
import { LayoutSource } from "./layout_source.ts";
import { defaultLocalName, parseLocalReference } from "./local_name.ts";
import { defaultName, parseReference, unknownSchemeError } from "./reference.ts";
import { RegistrySource, type RegistrySourceOptions } from "./registry_source.ts";
import type { ImageSource } from "./source.ts";
import { TarSource } from "./tar_source.ts";

/** What a user named, before anything was fetched or read. */
export interface NamedImage {
  /** What to call the result where the user gives no name: no slashes, no suffix. */
  defaultName: string;
  open(options: RegistrySourceOptions): Promise<ImageSource>;
}

/**
 * Understands the URI of an image: `docker://`, `dockerd://`, `podman://`, `oci:`, `oci-archive:`,
 * `docker-archive:` or `tar:`.
 *
 * @throws {EnrootError} `Invalid image reference: URI`, or when a file named in it does not exist
 */
export function parseImageUri(uri: string): NamedImage {
  const [, scheme = "", rest = ""] = uri.match(/^([a-z-]+):(.*)$/s) ?? [];
  switch (scheme) {
    case "docker": {
      const reference = parseReference(uri);
      return {
        defaultName: defaultName(reference),
        open: (options) => Promise.resolve(new RegistrySource(reference, options)),
      };
    }
    case "dockerd":
      return engineImage("docker", uri, rest);
    case "podman":
      return engineImage("podman", uri, rest);
    case "oci":
    case "oci-archive":
    case "docker-archive": {
      const local = parseLocalReference(rest);
      const provenance = uri;
      return {
        defaultName: defaultLocalName(local),
        async open({ tempPath }) {
          const files = scheme === "oci"
            ? directoryFiles(local.path)
            : await archiveFiles(local.path, { temporaryDirectory: tempPath });
          const options = { files, name: local.name, provenance };
          return scheme === "docker-archive"
            ? new DockerArchiveSource(options)
            : new LayoutSource(options);
        },
      };
    }
    case "tar": {
      const { path, name } = parseLocalReference(rest);
      if (name !== "") throw new EnrootError(`No such file or directory: ${rest}`);
      return {
        defaultName: defaultLocalName({ path, name }),
        open: () => Promise.resolve(new TarSource(path, { provenance: uri })),
      };
    }
    default:
      throw unknownSchemeError(uri);
  }
}

/** An engine knows names that registries do not: ids, and short ones it completes in its own way. */
const ENGINE_IMAGE = /^[A-Za-z0-9][A-Za-z0-9._\/:@-]*$/;

function engineImage(engine: Engine, uri: string, rest: string): NamedImage {
  const name = rest.replace(/^\/\//, "");
  if (name === rest || !ENGINE_IMAGE.test(name)) {
    throw new EnrootError(`Invalid image reference: ${uri}`);
  }
  const isTagged = /:[^/]*$/.test(name);
  return {
    defaultName: name.replace(/[/:]/g, "+"),
    open: () =>
      Promise.resolve(
        new EngineSource({
          engine,
          image: name,
          provenance: isTagged ? uri : `${uri}:latest`,
        }),
      ),
  };
}
