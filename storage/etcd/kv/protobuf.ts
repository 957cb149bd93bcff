/**
 * As much of the protobuf wire format as etcd's key-value calls need: varints, and fields with a length.
 * A number is an int64 that etcd counts upwards from 0 (revisions, versions), as a bigint.
 */
export class MessageWriter {
  readonly #parts: Uint8Array[] = [];
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** Numbers and enumerations; 0 is what an absent field means. */
  number(field: number, value: bigint | number): this {
    if (value !== 0n && value !== 0) this.#add(varint(field * 8), varint(value));
    return this;
  }

  /** Bytes; of a member of a oneof also when empty. */
  bytes(field: number, value: Uint8Array): this {
    return this.#add(varint(field * 8 + 2), varint(value.length), value);
  }

  message(field: number, value: MessageWriter): this {
    this.#add(varint(field * 8 + 2), varint(value.length));
    return this.#add(...value.#parts);
  }

  /** The message after `head` bytes that the caller fills. */
  finish(head = 0): Buffer {
    const whole = Buffer.allocUnsafe(head + this.#length);
    let at = head;
    for (const part of this.#parts) {
      whole.set(part, at);
      at += part.length;
    }
    return whole;
  }

  #add(...parts: Uint8Array[]): this {
    for (const part of parts) {
      this.#parts.push(part);
      this.#length += part.length;
    }
    return this;
  }
}

/** One byte each, so that the numbers in almost every message need no new memory. */
const small = Array.from({ length: 128 }, (_, value) => Uint8Array.of(value));

function varint(value: bigint | number): Uint8Array {
  const known = value < 128 ? small[Number(value)] : undefined;
  if (known !== undefined) return known;
  const bytes: number[] = [];
  let rest = BigInt(value);
  while (rest > 127n) {
    bytes.push(Number(rest & 127n) | 128);
    rest >>= 7n;
  }
  bytes.push(Number(rest));
  return Uint8Array.from(bytes);
}

/** What a field of a message holds. */
export type FieldValue = { readonly field: number; readonly number: bigint; readonly bytes: Buffer };

const NOTHING = Buffer.alloc(0);

/** The fields of a message in order; bytes are views of it. Throws RangeError for what is no message. */
export function* fieldsOf(message: Buffer): Generator<FieldValue> {
  let at = 0;
  const next = (): bigint => {
    let low = 0;
    // Up to four bytes fit a small integer, and nearly all numbers do.
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = byteAt(message, at++);
      low |= (byte & 127) << shift;
      if (byte < 128) return BigInt(low);
    }
    let value = BigInt(low);
    for (let shift = 28n; shift < 70n; shift += 7n) {
      const byte = byteAt(message, at++);
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return BigInt.asUintN(64, value);
    }
    throw new RangeError('a number in an answer of etcd is longer than 64 bits');
  };
  while (at < message.length) {
    const tag = Number(next());
    const field = tag >>> 3;
    switch (tag & 7) {
      case 0:
        yield { field, number: next(), bytes: NOTHING };
        break;
      case 2: {
        const length = Number(next());
        if (at + length > message.length) throw new RangeError('an answer of etcd ends in the middle of a field');
        yield { field, number: 0n, bytes: message.subarray(at, at + length) };
        at += length;
        break;
      }
      default:
        throw new RangeError(`an answer of etcd has a field of wire type ${tag & 7}, which its messages do not use`);
    }
  }
}

function byteAt(message: Buffer, at: number): number {
  const byte = message[at];
  if (byte === undefined) throw new RangeError('an answer of etcd ends in the middle of a number');
  return byte;
}
