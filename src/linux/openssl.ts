/** Functions of libssl(7) and of libcrypto(7), which it brings along, as they are since 1.1.0. */
const FUNCTIONS = {
  BIO_ctrl_pending: { parameters: ["pointer"], result: "usize" },
  BIO_new: { parameters: ["pointer"], result: "pointer" },
  BIO_read: { parameters: ["pointer", "buffer", "i32"], result: "i32" },
  BIO_s_mem: { parameters: [], result: "pointer" },
  BIO_write: { parameters: ["pointer", "buffer", "i32"], result: "i32" },
  ERR_clear_error: { parameters: [], result: "void" },
  ERR_get_error: { parameters: [], result: "u64" },
  ERR_reason_error_string: { parameters: ["u64"], result: "pointer" },
  SSL_CTX_ctrl: { parameters: ["pointer", "i32", "i64", "pointer"], result: "i64" },
  SSL_CTX_free: { parameters: ["pointer"], result: "void" },
  SSL_CTX_get_cert_store: { parameters: ["pointer"], result: "pointer" },
  SSL_CTX_new: { parameters: ["pointer"], result: "pointer" },
  SSL_CTX_set_options: { parameters: ["pointer", "u64"], result: "u64" },
  SSL_CTX_set_verify: { parameters: ["pointer", "i32", "pointer"], result: "void" },
  SSL_ctrl: { parameters: ["pointer", "i32", "i64", "buffer"], result: "i64" },
  SSL_do_handshake: { parameters: ["pointer"], result: "i32" },
  SSL_free: { parameters: ["pointer"], result: "void" },
  SSL_get0_param: { parameters: ["pointer"], result: "pointer" },
  SSL_get0_verified_chain: { parameters: ["pointer"], result: "pointer" },
  SSL_get_error: { parameters: ["pointer", "i32"], result: "i32" },
  SSL_get_verify_result: { parameters: ["pointer"], result: "i64" },
  SSL_new: { parameters: ["pointer"], result: "pointer" },
  SSL_read: { parameters: ["pointer", "buffer", "i32"], result: "i32" },
  SSL_set_bio: { parameters: ["pointer", "pointer", "pointer"], result: "void" },
  SSL_set_connect_state: { parameters: ["pointer"], result: "void" },
  SSL_write: { parameters: ["pointer", "buffer", "i32"], result: "i32" },
  TLS_client_method: { parameters: [], result: "pointer" },
  X509_STORE_add_cert: { parameters: ["pointer", "pointer"], result: "i32" },
  X509_VERIFY_PARAM_set1_host: { parameters: ["pointer", "buffer", "usize"], result: "i32" },
  X509_VERIFY_PARAM_set1_ip_asc: { parameters: ["pointer", "buffer"], result: "i32" },
  X509_VERIFY_PARAM_set_flags: { parameters: ["pointer", "u64"], result: "i32" },
  X509_VERIFY_PARAM_set_hostflags: { parameters: ["pointer", "u32"], result: "void" },
  X509_free: { parameters: ["pointer"], result: "void" },
  X509_verify_cert_error_string: { parameters: ["i64"], result: "pointer" },
  d2i_X509: { parameters: ["pointer", "buffer", "i64"], result: "pointer" },
} as const;

/** The versions that have all of these, the newest first. */
const LIBRARIES = ["libssl.so.3", "libssl.so.1.1"];

// ssl.h, tls1.h and x509_vfy.h.
const SSL_CTRL_SET_TLSEXT_HOSTNAME = 55;
const SSL_CTRL_SET_MIN_PROTO_VERSION = 123;
const TLS1_2_VERSION = 0x0303n;
const SSL_OP_NO_RENEGOTIATION = 1n << 30n;
const SSL_VERIFY_PEER = 1;
const SSL_ERROR_WANT_READ = 2;
const SSL_ERROR_ZERO_RETURN = 6;
const X509_V_OK = 0n;
const X509_V_FLAG_PARTIAL_CHAIN = 0x80000n;
const X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS = 4;
const X509_CHECK_FLAG_NEVER_CHECK_SUBJECT = 0x20;

type Openssl = Deno.DynamicLibrary<typeof FUNCTIONS>["symbols"];

let loaded: Openssl | null | undefined;

/** The host's OpenSSL; null where there is none that will do. It stays loaded. */
function openssl(): Openssl | null {
  if (loaded === undefined) {
    loaded = null;
    for (const name of LIBRARIES) {
      try {
        loaded = Deno.dlopen(name, FUNCTIONS).symbols;
        break;
      } catch {
        // Another version, or none.
      }
    }
  }
  return loaded;
}

/** Whether the host has an OpenSSL that can be used. */
export function hasOpenssl(): boolean {
  return openssl() !== null;
}

/** What TLS connections have in common: the certificates that they trust, and no others. */
export class OpensslContext implements Disposable {
  readonly #openssl: Openssl;
  #context: Deno.PointerValue;

  /**
   * @param certificates DER; each is a trust anchor, whether it could have signed others or not
   * @throws {Error} where the host has no OpenSSL
   */
  constructor(certificates: Iterable<Uint8Array<ArrayBuffer>>) {
    const functions = openssl();
    if (functions === null) throw new Error("the host has no OpenSSL");
    this.#openssl = functions;
    this.#context = functions.SSL_CTX_new(functions.TLS_client_method());
    if (this.#context === null) throw failure(functions);
    // openssl.cnf(5) may say otherwise: these come after it.
    functions.SSL_CTX_ctrl(this.#context, SSL_CTRL_SET_MIN_PROTO_VERSION, TLS1_2_VERSION, null);
    functions.SSL_CTX_set_options(this.#context, SSL_OP_NO_RENEGOTIATION);
    functions.SSL_CTX_set_verify(this.#context, SSL_VERIFY_PEER, null);
    for (const certificate of certificates) this.#trust(certificate);
  }

  /** Trusts a certificate. One that OpenSSL cannot read is left out: less is trusted then. */
  #trust(der: Uint8Array<ArrayBuffer>): void {
    const { d2i_X509, X509_STORE_add_cert, X509_free, SSL_CTX_get_cert_store } = this.#openssl;
    const address = Deno.UnsafePointer.value(Deno.UnsafePointer.of(der));
    const certificate = d2i_X509(null, new BigUint64Array([address]), BigInt(der.length));
    if (certificate === null) return;
    X509_STORE_add_cert(SSL_CTX_get_cert_store(this.#context), certificate);
    X509_free(certificate);
  }

  /** Begins a connection to a server, named as its certificate must name it. @throws {Error} */
  session(host: string): OpensslSession {
    return new OpensslSession(this.#openssl, { context: this.#context, host });
  }

  /** Sessions that there are go on. */
  [Symbol.dispose](): void {
    this.#openssl.SSL_CTX_free(this.#context);
    this.#context = null;
  }
}

/**
 * The client's end of a TLS connection, apart from the connection itself: what came from the server
 * is given to it, what is to be sent is taken from it, and it never waits.
 */
export class OpensslSession implements Disposable {
  readonly #openssl: Openssl;
  #session: Deno.PointerValue;
  /** Belong to the session. */
  readonly #incoming: Deno.PointerValue;
  readonly #outgoing: Deno.PointerValue;

  constructor(
    functions: Openssl,
    { context, host }: { context: Deno.PointerValue; host: string },
  ) {
    this.#openssl = functions;
    const { BIO_new, BIO_s_mem } = functions;
    this.#session = context === null ? null : functions.SSL_new(context);
    if (this.#session === null) throw failure(functions);
    this.#incoming = BIO_new(BIO_s_mem());
    this.#outgoing = BIO_new(BIO_s_mem());
    functions.SSL_set_bio(this.#session, this.#incoming, this.#outgoing);
    functions.SSL_set_connect_state(this.#session);
    if (!this.#expect(host)) {
      this[Symbol.dispose]();
      throw failure(functions);
    }
  }

  /** Sets which server's certificate will do. @returns whether that could be done */
  #expect(host: string): boolean {
    const { SSL_ctrl, SSL_get0_param, ...functions } = this.#openssl;
    const parameters = SSL_get0_param(this.#session);
    const name = new TextEncoder().encode(`${host}\0`);
    functions.X509_VERIFY_PARAM_set_flags(parameters, X509_V_FLAG_PARTIAL_CHAIN);
    functions.X509_VERIFY_PARAM_set_hostflags(
      parameters,
      X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT,
    );
    // Addresses are not for the extension that names the server (RFC 6066 section 3).
    if (functions.X509_VERIFY_PARAM_set1_ip_asc(parameters, name) === 1) return true;
    return functions.X509_VERIFY_PARAM_set1_host(parameters, name, BigInt(name.length - 1)) === 1 &&
      SSL_ctrl(this.#session, SSL_CTRL_SET_TLSEXT_HOSTNAME, 0n, name) === 1n;
  }

  /**
   * Goes on with the handshake as far as what came from the server permits.
   *
   * @returns whether it is done, the server's certificate and its possession of the key verified
   * @throws {Error} when it has failed: "invalid peer certificate: …" or "OpenSSL: …"
   */
  handshake(): boolean {
    const { SSL_do_handshake, SSL_get0_verified_chain, SSL_get_verify_result } = this.#openssl;
    if (this.#outcome((session) => SSL_do_handshake(session)) === undefined) return false;
    // No connection without a certificate, whatever ciphers openssl.cnf(5) permits.
    const verified = SSL_get_verify_result(this.#session) === X509_V_OK &&
      SSL_get0_verified_chain(this.#session) !== null;
    if (!verified) throw new Error("invalid peer certificate: there is none");
    return true;
  }

  /**
   * Takes what the server has said, decrypted.
   *
   * @returns how many bytes; 0 at the end that the server has announced; undefined when more must
   *   come from the server first
   * @throws {Error} when it is not what the server sent
   */
  read(buffer: Uint8Array<ArrayBuffer>): number | undefined {
    return this.#outcome((session) => this.#openssl.SSL_read(session, buffer, buffer.length));
  }

  /** Says something to the server, not nothing, after the handshake. @throws {Error} */
  write(bytes: Uint8Array<ArrayBuffer>): void {
    const written = this.#outcome((session) =>
      this.#openssl.SSL_write(session, bytes, bytes.length)
    );
    if (written !== bytes.length) throw new Error("cannot write by TLS");
  }

  /** Gives what came from the server, encrypted. */
  receive(bytes: Uint8Array<ArrayBuffer>): void {
    if (this.#session === null) throw closed();
    const taken = this.#openssl.BIO_write(this.#incoming, bytes, bytes.length);
    if (taken !== bytes.length) throw failure(this.#openssl);
  }

  /** Takes what is to be sent to the server, encrypted. */
  toSend(): Uint8Array<ArrayBuffer> {
    if (this.#session === null) throw closed();
    const bytes = new Uint8Array(Number(this.#openssl.BIO_ctrl_pending(this.#outgoing)));
    if (bytes.length > 0) this.#openssl.BIO_read(this.#outgoing, bytes, bytes.length);
    return bytes;
  }

  /** A positive result; 0 at the announced end; undefined when more must come from the server. */
  #outcome(call: (session: Deno.PointerValue) => number): number | undefined {
    if (this.#session === null) throw closed();
    // SSL_get_error(3) takes what lies there for this call's.
    this.#openssl.ERR_clear_error();
    const result = call(this.#session);
    if (result > 0) return result;
    switch (this.#openssl.SSL_get_error(this.#session, result)) {
      case SSL_ERROR_WANT_READ:
        return undefined;
      case SSL_ERROR_ZERO_RETURN:
        return 0;
      default:
        throw failure(this.#openssl, this.#session);
    }
  }

  [Symbol.dispose](): void {
    this.#openssl.SSL_free(this.#session);
    this.#session = null;
  }
}

function closed(): Error {
  return new Error("the TLS session has been closed");
}

/** Why the last call failed, in OpenSSL's words. */
function failure(functions: Openssl, session: Deno.PointerValue = null): Error {
  const verified = session === null ? X509_V_OK : functions.SSL_get_verify_result(session);
  if (verified !== X509_V_OK) {
    const words = textAt(functions.X509_verify_cert_error_string(verified));
    return new Error(`invalid peer certificate: ${words}`);
  }
  return new Error(
    `OpenSSL: ${textAt(functions.ERR_reason_error_string(functions.ERR_get_error()))}`,
  );
}

function textAt(pointer: Deno.PointerValue): string {
  return pointer === null ? "unknown error" : Deno.UnsafePointerView.getCString(pointer);
}
