/**
 * Request bodies in Kubernetes' protobuf. kubectl sends the kinds of Kubernetes itself so (`kubectl create configmap`,
 * `kubectl auth can-i`) and does not fall back; it reads JSON answers. The body is turned into the JSON that the same
 * client would send otherwise, so that nothing behind the edge knows of it.
 */
import { type Message, type Shape, shapes } from './protobuf-kinds.ts';

export const protobufType = 'application/vnd.kubernetes.protobuf';

/** The body is no protobuf of a kind that we know; the caller answers 400 or 415. */
export class ProtobufError extends Error {
  override readonly name = 'ProtobufError';
  readonly kind: 'malformed' | 'unknown kind';

  constructor(kind: ProtobufError['kind'], message: string) {
    super(message);
    this.kind = kind;
  }
}

const magic = Buffer.from([0x6b, 0x38, 0x73, 0x00]);
const malformed = (why: string) => new ProtobufError('malformed', `the body is not valid protobuf: ${why}`);

/** JSON of the object. @throws ProtobufError */
export function jsonOfProtobuf(body: Buffer): Buffer {
  if (!body.subarray(0, magic.length).equals(magic)) throw malformed('it does not start with k8s\\0');
  let apiVersion = '';
  let kind = '';
  let raw: Buffer = Buffer.alloc(0);
  for (const field of fields(body.subarray(magic.length))) {
    if (field.number === 1) {
      for (const inner of fields(bytesOf(field))) {
        if (inner.number === 1) apiVersion = bytesOf(inner).toString('utf8');
        if (inner.number === 2) kind = bytesOf(inner).toString('utf8');
      }
    } else if (field.number === 2) raw = bytesOf(field);
    else if (field.number === 3 && bytesOf(field).length > 0) throw malformed('it has a content encoding');
  }
  const message = Object.hasOwn(shapes, kind) ? shapes[kind] : undefined;
  if (message === undefined)
    throw new ProtobufError('unknown kind', `protobuf of kind ${JSON.stringify(kind)} is not read`);
  return Buffer.from(JSON.stringify({ apiVersion, kind, ...decode(raw, message) }));
}

/** Without prototype, so that a key named __proto__ is a key like any other. */
function decode(bytes: Buffer, message: Message): Record<string, unknown> {
  const object: Record<string, unknown> = Object.create(null);
  for (const field of fields(bytes)) {
    const known = message[field.number];
    // Fields that we do not know are skipped, as every protobuf reader does.
    if (known === undefined) continue;
    const [name, shape] = known;
    switch (shape.kind) {
      case 'list': {
        const list = (object[name] ?? []) as unknown[];
        list.push(readValue(field, shape.of));
        object[name] = list;
        break;
      }
      case 'map': {
        const map = (object[name] ?? Object.create(null)) as Record<string, unknown>;
        let key = '';
        let value: unknown = shape.of.kind === 'message' ? {} : '';
        for (const part of fields(bytesOf(field))) {
          if (part.number === 1) key = bytesOf(part).toString('utf8');
          if (part.number === 2) value = readValue(part, shape.of);
        }
        map[key] = value;
        object[name] = map;
        break;
      }
      default: {
        const value = readValue(field, shape);
        // Go writes texts that are not set as empty ones; in its JSON they are left out.
        if (value !== '' && value !== null) object[name] = value;
      }
    }
  }
  return object;
}

function readValue(field: Field, shape: Shape): unknown {
  switch (shape.kind) {
    case 'text':
      return bytesOf(field).toString('utf8');
    case 'bytes':
      return bytesOf(field).toString('base64');
    case 'boolean':
      return numberOf(field) !== 0n;
    case 'integer':
      return Number(BigInt.asIntN(64, numberOf(field)));
    case 'time': {
      const seconds = [...fields(bytesOf(field))].find(({ number }) => number === 1);
      if (seconds === undefined) return null;
      const date = new Date(Number(BigInt.asIntN(64, numberOf(seconds))) * 1000);
      if (Number.isNaN(date.getTime())) throw malformed('a time is out of range');
      return `${date.toISOString().slice(0, 19)}Z`;
    }
    case 'wrapped': {
      const items = [...fields(bytesOf(field))].filter(({ number }) => number === 1);
      return items.map((item) => bytesOf(item).toString('utf8'));
    }
    case 'message':
      return decode(bytesOf(field), shape.fields);
    case 'list':
    case 'map':
      throw new Error('a list or map cannot stand in another one');
    default:
      return shape satisfies never;
  }
}

interface Field {
  readonly number: number;
  /** Varints as numbers, all else as its bytes. */
  readonly value: bigint | Buffer;
}

function bytesOf({ value }: Field): Buffer {
  if (typeof value === 'bigint') throw malformed('a number stands where bytes belong');
  return value;
}

function numberOf({ value }: Field): bigint {
  if (typeof value !== 'bigint') throw malformed('bytes stand where a number belongs');
  return value;
}

function* fields(bytes: Buffer): Generator<Field> {
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = bytes[at++];
      if (byte === undefined) throw malformed('it ends in a number');
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asUintN(64, value);
    }
    throw malformed('a number is too long');
  };
  const take = (length: number): Buffer => {
    if (at + length > bytes.length) throw malformed('it ends too early');
    at += length;
    return bytes.subarray(at - length, at);
  };
  while (at < bytes.length) {
    const tag = varint();
    const number = Number(tag >> 3n);
    switch (tag & 7n) {
      case 0n:
        yield { number, value: varint() };
        break;
      case 1n:
        yield { number, value: take(8) };
        break;
      case 2n:
        yield { number, value: take(Number(varint())) };
        break;
      case 5n:
        yield { number, value: take(4) };
        break;
      default:
        throw malformed('it has a wire type that is not in use');
    }
  }
}
