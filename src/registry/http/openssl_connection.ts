import type { OpensslContext, OpensslSession } from "../../linux/mod.ts";
import type { Connection } from "./socket_reader.ts";

const READ_SIZE = 64 * 1024;

/** A connection to a server by the TLS of the host's OpenSSL. */
export class OpensslConnection implements Connection {
  readonly #carrier: Deno.TcpConn;
  readonly #session: OpensslSession;
  readonly #received = new Uint8Array(READ_SIZE);

  private constructor(carrier: Deno.TcpConn, session: OpensslSession) {
    this.#carrier = carrier;
    this.#session = session;
  }

  /**
   * Takes over a connection that has just been made, and makes sure of the server: nothing that is
   * written goes out before that.
   *
   * @throws {Error} when it is not the server, the connection breaks, or the signal ends it; it is
   *   closed then
   */
  static async open(
    carrier: Deno.TcpConn,
    { context, hostname, signal }: {
      context: OpensslContext;
      hostname: string;
      signal: AbortSignal;
    },
  ): Promise<OpensslConnection> {
    let session: OpensslSession | undefined;
    const close = () => {
      try {
        carrier.close();
      } catch {
        // The signal has closed it.
      }
    };
    signal.addEventListener("abort", close);
    try {
      signal.throwIfAborted();
      session = context.session(hostname);
      const connection = new OpensslConnection(carrier, session);
      while (!session.handshake()) await connection.#goOn();
      return connection;
    } catch (error) {
      session?.[Symbol.dispose]();
      close();
      throw error;
    } finally {
      signal.removeEventListener("abort", close);
    }
  }

  /**
   * @returns null at the end that the server announces: without that, an attacker could cut off what
   *   tells no length
   */
  async read(buffer: Uint8Array<ArrayBuffer>): Promise<number | null> {
    for (;;) {
      const length = this.#session.read(buffer);
      if (length !== undefined) return length === 0 ? null : length;
      await this.#goOn();
    }
  }

  async write(bytes: Uint8Array<ArrayBuffer>): Promise<number> {
    this.#session.write(bytes);
    await this.#flush();
    return bytes.length;
  }

  /** Sends what there is to be sent, and gets something from the server. */
  async #goOn(): Promise<void> {
    await this.#flush();
    const length = await this.#carrier.read(this.#received);
    if (length === null) throw new Error("connection closed before message completed");
    this.#session.receive(this.#received.subarray(0, length));
  }

  async #flush(): Promise<void> {
    const bytes = this.#session.toSend();
    for (let at = 0; at < bytes.length;) at += await this.#carrier.write(bytes.subarray(at));
  }

  close(): void {
    this.#session[Symbol.dispose]();
    this.#carrier.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
