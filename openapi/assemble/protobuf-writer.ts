/**
 * Writes the protobuf wire format: varints, 64-bit values and delimited fields into one growing buffer.
 *
 * PW1  As proto3 says, a scalar that has its zero value is not written; a message is written even when it is empty,
 *      because its presence says something.
 * PW2  The same calls give the same bytes.
 */
export class ProtobufWriter {
  #buffer = Buffer.allocUnsafe(64 * 1024);
  #length = 0;

  string(field: number, value: string): void {
    if (value !== '') this.item(field, value);
  }

  /** One entry of a repeated string; an empty one counts too. */
  item(field: number, value: string): void {
    const size = Buffer.byteLength(value);
    this.#tag(field, WIRE.delimited);
    this.#varint(size);
    this.#reserve(size);
    this.#length += this.#buffer.write(value, this.#length);
  }

  boolean(field: number, value: boolean): void {
    if (value) this.presentBoolean(field, value);
  }

  /** A member of a oneof: written when it is false, too. */
  presentBoolean(field: number, value: boolean): void {
    this.#tag(field, WIRE.varint);
    this.#varint(value ? 1 : 0);
  }

  double(field: number, value: number): void {
    if (value === 0) return;
    this.#tag(field, WIRE.fixed64);
    this.#reserve(8);
    this.#length = this.#buffer.writeDoubleLE(value, this.#length);
  }

  /** @throws RangeError for what is no integer between 0 and 2^53 - 1. */
  unsigned(field: number, value: number): void {
    if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`${value} is no size`);
    if (value === 0) return;
    this.#tag(field, WIRE.varint);
    this.#varint(value);
  }

  message(field: number, fill: () => void): void {
    const start = this.open(field);
    fill();
    this.close(start);
  }

  /** Begins a message that is ended with `close`; what is written between is in it. */
  open(field: number): number {
    this.#tag(field, WIRE.delimited);
    return this.#length;
  }

  close(start: number): void {
    // The length stands before the content and is known after it: the content is moved by the size of the length.
    const size = this.#length - start;
    const room = varintSize(size);
    this.#reserve(room);
    this.#buffer.copyWithin(start + room, start, this.#length);
    this.#length = start;
    this.#varint(size);
    this.#length += size;
  }

  /** What has been written so far, as a buffer of its own. */
  bytes(): Buffer {
    return Buffer.from(this.#buffer.subarray(0, this.#length));
  }

  #tag(field: number, wire: number): void {
    this.#varint(field * 8 + wire);
  }

  #varint(value: number): void {
    this.#reserve(10);
    let rest = value;
    // Not by shifts, which know 32 bits only.
    while (rest > 0x7f) {
      this.#buffer[this.#length++] = (rest % 0x80) + 0x80;
      rest = Math.floor(rest / 0x80);
    }
    this.#buffer[this.#length++] = rest;
  }

  #reserve(size: number): void {
    if (this.#length + size <= this.#buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.#buffer.length * 2, this.#length + size));
    this.#buffer.copy(larger, 0, 0, this.#length);
    this.#buffer = larger;
  }
}

const WIRE = { varint: 0, fixed64: 1, delimited: 2 } as const;

function varintSize(value: number): number {
  let size = 1;
  for (let rest = value; rest > 0x7f; rest = Math.floor(rest / 0x80)) size += 1;
  return size;
}
