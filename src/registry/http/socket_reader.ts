/** The most bytes of one line; longer than any header that servers send. */
const MAX_LINE = 64 * 1024;
const READ_SIZE = 64 * 1024;
const LINE_FEED = 0x0a;

/** A stream of bytes to a server and back, by whatever means. */
export interface Connection extends Disposable {
  /** @returns how many bytes were read; null at the end */
  read(buffer: Uint8Array<ArrayBuffer>): Promise<number | null>;
  /** @returns how many bytes were written */
  write(bytes: Uint8Array<ArrayBuffer>): Promise<number>;
  close(): void;
}

/** Reads lines and bytes from a connection. */
export class SocketReader {
  readonly #connection: Connection;
  /** What was read and is still to be taken. */
  #rest = new Uint8Array(0);

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /**
   * The next line, its end left out.
   *
   * @throws {Error} when the connection ends before it does, or it does not end
   */
  async line(): Promise<string> {
    for (;;) {
      const end = this.#rest.indexOf(LINE_FEED);
      if (end >= 0) {
        const line = this.#rest.subarray(0, end);
        this.#rest = this.#rest.subarray(end + 1);
        return new TextDecoder("latin1").decode(line).replace(/\r$/, "");
      }
      if (this.#rest.length > MAX_LINE) throw new Error("a line without end");
      const more = await this.#read();
      if (more === null) throw new Error("connection closed before message completed");
      const joined = new Uint8Array(this.#rest.length + more.length);
      joined.set(this.#rest);
      joined.set(more, this.#rest.length);
      this.#rest = joined;
    }
  }

  /** The next bytes, at most so many; null at the end of the connection. The chunks are the caller's. */
  async some(most: number): Promise<Uint8Array<ArrayBuffer> | null> {
    const bytes = this.#rest.length > 0 ? this.#rest : await this.#read();
    if (bytes === null) return null;
    this.#rest = bytes.subarray(Math.min(most, bytes.length));
    return bytes.subarray(0, most);
  }

  async #read(): Promise<Uint8Array<ArrayBuffer> | null> {
    const buffer = new Uint8Array(READ_SIZE);
    const length = await this.#connection.read(buffer);
    return length === null ? null : buffer.subarray(0, length);
  }
}
