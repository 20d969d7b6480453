/** The file an image is written to. Every method does all it is asked for, or throws. */
export interface SquashfsOutput {
  /** Writes bytes at an offset of the image, beyond its end too. */
  write(bytes: Uint8Array, offset: number): void;
  /** Fills `into` with what was written from `offset` on. */
  read(into: Uint8Array, offset: number): void;
  /** Sets the image's length. */
  truncate(size: number): void;
}

/** Writes to an output piece after piece. */
export class AppendingOutput {
  readonly output: SquashfsOutput;
  /** Where the next piece goes; moved back, what was there is written over. */
  position: number;

  constructor(output: SquashfsOutput, position: number) {
    this.output = output;
    this.position = position;
  }

  append(bytes: Uint8Array): void {
    this.output.write(bytes, this.position);
    this.position += bytes.length;
  }
}
