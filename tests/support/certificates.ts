/** A certificate authority and a certificate that it signed, made with openssl. */
export interface TestCertificates extends Disposable {
  /** PEM file of the authority. */
  readonly authority: string;
  /** PEM files for a server at 127.0.0.1, localhost and registry.test. */
  readonly certificate: string;
  readonly key: string;
  /** A certificate that no authority has signed, and that is none itself (`CA:FALSE`). */
  readonly selfSigned: TestCertificate;
  /** A directory that holds the authority's file. */
  readonly directory: string;
}

/** Makes certificates that are good for a day; undefined where there is no openssl. */
export function makeCertificates(): TestCertificates | undefined {
  const directory = Deno.makeTempDirSync();
  const authority = `${directory}/ca/authority.pem`;
  const [certificate, key] = [`${directory}/server.pem`, `${directory}/server.key`];
  const selfSigned = { certificate: `${directory}/self.pem`, key: `${directory}/self.key` };
  Deno.mkdirSync(`${directory}/ca`);
  const common = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  try {
    openssl(
      ["req", "-x509", ...common, "-days", "1", "-subj", "/CN=Test authority"]
        .concat("-keyout", `${directory}/ca.key`, "-out", authority),
    );
    openssl(
      ["req", "-x509", ...common, "-days", "1", "-subj", "/CN=registry.test"]
        .concat("-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost,DNS:registry.test")
        .concat("-addext", "basicConstraints=critical,CA:FALSE")
        .concat("-CA", authority, "-CAkey", `${directory}/ca.key`)
        .concat("-keyout", key, "-out", certificate),
    );
    openssl(
      ["req", "-x509", ...common, "-days", "1", "-subj", "/CN=registry.test"]
        .concat("-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost,DNS:registry.test")
        .concat("-addext", "basicConstraints=critical,CA:FALSE")
        .concat("-keyout", selfSigned.key, "-out", selfSigned.certificate),
    );
  } catch (error) {
    Deno.removeSync(directory, { recursive: true });
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
  return {
    authority,
    certificate,
    key,
    selfSigned,
    directory: `${directory}/ca`,
    [Symbol.dispose]: () => Deno.removeSync(directory, { recursive: true }),
  };
}

/** PEM files of a certificate and its key. */
export interface TestCertificate {
  certificate: string;
  key: string;
}

/**
 * Servers' certificates that are their own authorities (`CA:TRUE`), as Docker's documentation has
 * them made, for 127.0.0.1 and registry.test.
 */
export interface ServingAuthorities extends Disposable {
  readonly good: TestCertificate;
  /** Not the same, but of the same name. */
  readonly other: TestCertificate;
  /** The key and name of the good one, but of yesterday. */
  readonly expired: TestCertificate;
  /** The other one, with what an impostor has: the public key, and a private one made up. */
  readonly stolen: TestCertificate;
}

/** Makes certificates that are good for a day; undefined where there is no openssl. */
export function makeServingAuthorities(): ServingAuthorities | undefined {
  const directory = Deno.makeTempDirSync();
  const made = (name: string): TestCertificate => ({
    certificate: `${directory}/${name}.pem`,
    key: `${directory}/${name}.key`,
  });
  const [good, other, expired, stolen] = ["good", "other", "expired", "stolen"].map(made);
  if (!good || !other || !expired || !stolen) throw new Error("names without files");
  try {
    for (
      const [{ certificate, key }, algorithm] of [
        [good, ["rsa:2048"]],
        [other, ["ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]],
      ] as const
    ) {
      openssl(
        ["req", "-x509", "-newkey", ...algorithm, "-nodes", "-days", "1", "-subj", "/O=Test"]
          .concat("-addext", "subjectAltName=IP:127.0.0.1,DNS:registry.test")
          .concat("-keyout", key, "-out", certificate),
      );
    }
    openssl(
      ["x509", "-in", good.certificate, "-signkey", good.key, "-days", "-1"]
        .concat("-out", expired.certificate),
    );
  } catch (error) {
    Deno.removeSync(directory, { recursive: true });
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
  Deno.copyFileSync(good.key, expired.key);
  Deno.copyFileSync(other.certificate, stolen.certificate);
  Deno.writeTextFileSync(stolen.key, withAnotherNumber(Deno.readTextFileSync(other.key)));
  return {
    good,
    other,
    expired,
    stolen,
    [Symbol.dispose]: () => Deno.removeSync(directory, { recursive: true }),
  };
}

/** A private key in PEM with its public part, but another private number of the curve P-256. */
function withAnotherNumber(pem: string): string {
  const bytes = Uint8Array.fromBase64(pem.replace(/-----[A-Z ]+-----/g, ""));
  // ECPrivateKey (RFC 5915): version 1, and 32 bytes.
  const header = [2, 1, 1, 4, 32];
  const at = bytes.findIndex((_, at) => header.every((byte, index) => bytes[at + index] === byte));
  const last = at + header.length + 31;
  bytes[last] = (bytes[last] ?? 0) ^ 1;
  return `-----BEGIN PRIVATE KEY-----\n${bytes.toBase64()}\n-----END PRIVATE KEY-----\n`;
}

function openssl(args: string[]): void {
  const { success, stderr } = new Deno.Command("openssl", { args }).outputSync();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
}
