import { EnrootError, messageOf } from "../../diagnostics/mod.ts";

/** Where distributions keep the authorities that the host's administrator trusts. */
const SYSTEM_BUNDLES = [
  "/etc/ssl/certs/ca-certificates.crt",
  "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
  "/etc/pki/tls/certs/ca-bundle.crt",
  "/etc/ssl/ca-bundle.pem",
  "/etc/ssl/cert.pem",
];

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g;

/**
 * The certificate authorities to trust besides those built in: what `SSL_CERT_FILE` (a file) and
 * `SSL_CERT_DIR` (directories, separated by colons) name, as with OpenSSL, or else the host's own.
 *
 * @throws {EnrootError} when what they name cannot be read
 */
export function trustedCertificates(environment: Record<string, string | undefined>): string[] {
  const { SSL_CERT_FILE: file, SSL_CERT_DIR: directories } = environment;
  if (!file && !directories) return systemCertificates();
  const certificates: string[] = [];
  if (file) certificates.push(...readBundle(file));
  for (const directory of directories?.split(":") ?? []) {
    if (directory !== "") certificates.push(...readDirectory(directory));
  }
  return certificates.filter(isUsable);
}

function systemCertificates(): string[] {
  for (const path of SYSTEM_BUNDLES) {
    try {
      return certificatesIn(Deno.readTextFileSync(path));
    } catch {
      // This distribution keeps them elsewhere, or has none: the built-in ones remain.
    }
  }
  return [];
}

function readBundle(path: string): string[] {
  return readOrFail(path, () => Deno.readTextFileSync(path).match(CERTIFICATE) ?? []);
}

/** Every certificate once, although c_rehash(1) adds a link under a hashed name to each. */
function readDirectory(path: string): string[] {
  const certificates = new Set<string>();
  for (const { name } of readOrFail(path, () => [...Deno.readDirSync(path)])) {
    try {
      const text = Deno.readTextFileSync(`${path}/${name}`);
      for (const certificate of text.match(CERTIFICATE) ?? []) certificates.add(certificate);
    } catch {
      // A directory, a dangling link or a private key: nothing that a trust store would use.
    }
  }
  return [...certificates];
}

function readOrFail<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) {
      throw new EnrootError(`No such file or directory: ${path}`, { cause });
    }
    throw new EnrootError(`Cannot read certificates in ${path}: ${messageOf(cause)}`, { cause });
  }
}

/** The usable certificates in a text in PEM. */
export function certificatesIn(text: string): string[] {
  return (text.match(CERTIFICATE) ?? []).filter(isUsable);
}

/** A certificate in PEM as the bytes that it stands for (RFC 7468). */
export function derOf(certificate: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.fromBase64(certificate.replace(/-----[A-Z ]+-----/g, ""));
}

/** One certificate that the TLS library refuses would make it refuse all the others with it. */
function isUsable(certificate: string): boolean {
  try {
    Deno.createHttpClient({ caCerts: [certificate] }).close();
    return true;
  } catch {
    return false;
  }
}
