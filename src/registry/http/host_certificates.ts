import { logWarning, messageOf } from "../../diagnostics/mod.ts";
import { certificatesIn } from "./certificates.ts";
import { namesOf } from "./registry_names.ts";

/** What the host's administrator, or the user, keeps to reach one server by TLS. */
export interface HostCertificates {
  directory: string;
  /** Authorities to trust for this server besides the others, in PEM. */
  authorities: string[];
  /** What to show the server as ours, in PEM. */
  client: { cert: string; key: string } | undefined;
}

/** Where docker and podman, run by a user or by root, look (containers-certs.d(5), dockerd(8)). */
function baseDirectories({ XDG_CONFIG_HOME, HOME }: Record<string, string | undefined>): string[] {
  const own = XDG_CONFIG_HOME || (HOME ? `${HOME}/.config` : "");
  return [
    ...(own === "" ? [] : [`${own}/containers/certs.d`, `${own}/docker/certs.d`]),
    "/etc/containers/certs.d",
    "/etc/docker/certs.d",
  ];
}

/**
 * The certificates kept for the server of a URL: the files `*.crt`, `*.cert` and `*.key` in the
 * first directory of its name, `HOST` or `HOST:PORT`, as docker and podman read them.
 *
 * What cannot be read is passed over with a warning: the keys in docker's directory are the
 * daemon's, and most registries do not ask for any.
 */
export function hostCertificates(
  url: URL,
  environment: Record<string, string | undefined>,
): HostCertificates | undefined {
  for (const base of baseDirectories(environment)) {
    for (const name of directoryNames(url)) {
      const directory = `${base}/${name}`;
      const files = filesOf(directory);
      if (files !== undefined) return readFiles(directory, files);
    }
  }
  return undefined;
}

function directoryNames({ hostname, port }: URL): string[] {
  return namesOf(hostname).flatMap((name) =>
    port === "" ? [name, `${name}:443`] : [`${name}:${port}`]
  );
}

/** The names of the files in a directory, in order; undefined where there is no directory. */
function filesOf(directory: string): string[] | undefined {
  try {
    return [...Deno.readDirSync(directory)].map(({ name }) => name).sort();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    if (error instanceof Deno.errors.NotADirectory) return undefined;
    logWarning(`Cannot read ${directory}: ${messageOf(error)}`);
    return undefined;
  }
}

function readFiles(directory: string, files: string[]): HostCertificates {
  const authorities: string[] = [];
  let client: HostCertificates["client"];
  for (const name of files) {
    if (name.endsWith(".crt")) {
      authorities.push(...certificatesIn(read(`${directory}/${name}`) ?? ""));
    } else if (name.endsWith(".cert") && client === undefined) {
      const cert = read(`${directory}/${name}`);
      const key = read(`${directory}/${name.slice(0, -".cert".length)}.key`);
      if (cert !== undefined && key !== undefined) client = { cert, key };
    }
  }
  return { directory, authorities, client };
}

function read(path: string): string | undefined {
  try {
    return Deno.readTextFileSync(path);
  } catch (error) {
    logWarning(`Cannot read ${path}: ${messageOf(error)}`);
    return undefined;
  }
}
