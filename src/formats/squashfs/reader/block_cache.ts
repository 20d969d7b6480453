/**
 * Keeps the latest decoded blocks, in memory that is taken once: what falls out of the cache makes
 * room for the next.
 */
export class BlockCache {
  readonly #rooms = new Map<number, { room: Uint8Array; length: number }>();
  readonly #roomSize: number;
  readonly #count: number;
  #spare: Uint8Array | null = null;

  constructor({ count, roomSize }: { count: number; roomSize: number }) {
    this.#count = count;
    this.#roomSize = roomSize;
  }

  /** The block at a position of the image, whose memory is good until the next room(). */
  get(position: number): Uint8Array | undefined {
    const entry = this.#rooms.get(position);
    if (entry === undefined) return undefined;
    // A Map keeps insertion order, so its first key is the least recently used one.
    this.#rooms.delete(position);
    this.#rooms.set(position, entry);
    return entry.room.subarray(0, entry.length);
  }

  /** Memory for the next block; what was in it is no longer in the cache. */
  room(): Uint8Array {
    if (this.#spare !== null) return this.#spare;
    const oldest = this.#rooms.size < this.#count ? undefined : this.#rooms.entries().next().value;
    if (oldest !== undefined) this.#rooms.delete(oldest[0]);
    return this.#spare = oldest?.[1].room ?? new Uint8Array(this.#roomSize);
  }

  /** Keeps the block, of so many bytes, that was put into the room given last. */
  keep(position: number, length: number): void {
    this.#rooms.set(position, { room: this.room(), length });
    this.#spare = null;
  }
}
