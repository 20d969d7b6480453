/** A certificate authority and a certificate that it signed, made with openssl. */
export interface TestCertificates extends Disposable {
  /** PEM file of the authority. */
  readonly authority: string;
  /** PEM files for a server at 127.0.0.1, localhost and registry.test. */
  readonly certificate: string;
  readonly key: string;
  /** PEM files of a certificate that is its own authority, `CA:TRUE` or `CA:FALSE`. */
  readonly selfSigned: Record<"ca" | "leaf", { certificate: string; key: string }>;
  /** A directory that holds the authority's file. */
  readonly directory: string;
}

/** Makes certificates that are good for a day; undefined where there is no openssl. */
export function makeCertificates(): TestCertificates | undefined {
  const directory = Deno.makeTempDirSync();
  const authority = `${directory}/ca/authority.pem`;
  const [certificate, key] = [`${directory}/server.pem`, `${directory}/server.key`];
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
    for (const [name, basicConstraints] of [["ca", "TRUE"], ["leaf", "FALSE"]]) {
      openssl(
        ["req", "-x509", ...common, "-days", "1", "-subj", "/CN=registry.test"]
          .concat("-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost,DNS:registry.test")
          .concat("-addext", `basicConstraints=critical,CA:${basicConstraints}`)
          .concat("-keyout", `${directory}/self-${name}.key`)
          .concat("-out", `${directory}/self-${name}.pem`),
      );
    }
  } catch (error) {
    Deno.removeSync(directory, { recursive: true });
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
  return {
    authority,
    certificate,
    key,
    selfSigned: {
      ca: { certificate: `${directory}/self-ca.pem`, key: `${directory}/self-ca.key` },
      leaf: { certificate: `${directory}/self-leaf.pem`, key: `${directory}/self-leaf.key` },
    },
    directory: `${directory}/ca`,
    [Symbol.dispose]: () => Deno.removeSync(directory, { recursive: true }),
  };
}

function openssl(args: string[]): void {
  const { success, stderr } = new Deno.Command("openssl", { args }).outputSync();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
}
