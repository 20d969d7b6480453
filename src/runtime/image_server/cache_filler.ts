import { type FilePart, writeStoreNotification } from "../../formats/fuse/mod.ts";
import { memoryAt, tryWrite } from "../../linux/mod.ts";
import { type FillerLane, LANE, MESSAGE, REMOTE } from "./filler_process.ts";

/** Messages that go through the pipe at once: as many as it takes whole (PIPE_BUF). */
const MOST_MESSAGES = Math.floor(4096 / MESSAGE.size);
const ROOM = LANE.size - LANE.data;

/**
 * Puts parts of files into the kernel's page cache before anybody asks for them, by way of the
 * process that startFiller() has started. Nothing here waits: what there is no room for is left.
 */
export class CacheFiller {
  readonly #lane: FillerLane;
  readonly #flags: BigUint64Array;
  readonly #room: Uint8Array;
  readonly #messages = new Uint8Array(MOST_MESSAGES * MESSAGE.size);
  readonly #view = new DataView(this.#messages.buffer);
  #count = 0;
  #closed = false;
  /** Flags of messages that were not sent yet. */
  readonly #unsent: number[] = [];
  /** Data in the room whose message has not been dealt with, in the order of the messages. */
  readonly #used: { flag: number; end: number }[] = [];
  /** Bytes of the room that have been taken, and given back, since the beginning. */
  #taken = 0;
  #free = 0;
  #nextFlag = 0;

  constructor(lane: FillerLane) {
    this.#lane = lane;
    this.#flags = new BigUint64Array(memoryAt(lane.address, LANE.flags * 16).buffer);
    this.#room = memoryAt(lane.address + LANE.data, ROOM);
  }

  /** Has a part of a file, of a block at most, that lies in the image as it is put into the cache. */
  fillFromImage(part: FilePart, position: number): void {
    if (this.#closed) return;
    this.#add(part, {
      load: { length: part.length, position, last: position + part.length - 1 },
      dataAddress: REMOTE.buffer,
      doneAddress: REMOTE.scratch,
    });
  }

  /** The same with these bytes, which are copied. */
  fill({ nodeId, offset }: { nodeId: number; offset: number }, data: Uint8Array): void {
    const place = this.#closed ? null : this.#take(data.length);
    if (place === null) return;
    this.#room.set(data, place.at);
    this.#add({ nodeId, offset, length: data.length }, {
      load: { length: 0, position: 0, last: 0 },
      dataAddress: this.#lane.remoteAddress + LANE.data + place.at,
      doneAddress: this.#lane.remoteAddress + place.flag * 16,
    });
  }

  /** Sends what has been asked for. @throws {SyscallError} */
  flush(): void {
    if (this.#count === 0) return;
    const bytes = this.#messages.subarray(0, this.#count * MESSAGE.size);
    this.#count = 0;
    const sent = tryWrite(this.#lane.messages, bytes);
    if (sent === "closed") this.#closed = true;
    if (sent !== true) { for (const flag of this.#unsent) this.#flags[flag * 2] = 1n; }
    this.#unsent.length = 0;
  }

  #add(part: FilePart, { load, dataAddress, doneAddress }: {
    load: { length: number; position: number; last: number };
    dataAddress: number;
    doneAddress: number;
  }): void {
    const begin = this.#count * MESSAGE.size;
    const word = (at: number, value: number) => {
      this.#view.setUint32(begin + at, value % 2 ** 32, true);
      this.#view.setUint32(begin + at + 4, Math.floor(value / 2 ** 32), true);
    };
    word(MESSAGE.loadLength, load.length);
    word(MESSAGE.loadPosition, load.position);
    word(MESSAGE.lastPosition, load.last);
    word(MESSAGE.doneAddress, doneAddress);
    word(MESSAGE.headerAddress, REMOTE.header);
    word(MESSAGE.headerLength, MESSAGE.size - MESSAGE.header);
    word(MESSAGE.dataAddress, dataAddress);
    word(MESSAGE.dataLength, part.length);
    writeStoreNotification(this.#view, begin + MESSAGE.header, part);
    if (++this.#count === MOST_MESSAGES) this.flush();
  }

  /** Takes room for data, and a flag; null where there is none. */
  #take(length: number): { at: number; flag: number } | null {
    for (let oldest = this.#used[0]; oldest !== undefined; oldest = this.#used[0]) {
      if (this.#flags[oldest.flag * 2] === 0n) break;
      this.#free = oldest.end;
      this.#used.shift();
    }
    const rest = ROOM - this.#taken % ROOM;
    const begin = length <= rest ? this.#taken : this.#taken + rest;
    if (begin + length - this.#free > ROOM || this.#used.length === LANE.flags) return null;
    this.#taken = begin + length;
    const flag = this.#nextFlag;
    this.#nextFlag = (flag + 1) % LANE.flags;
    this.#flags[flag * 2] = 0n;
    this.#used.push({ flag, end: this.#taken });
    this.#unsent.push(flag);
    return { at: begin % ROOM, flag };
  }
}
