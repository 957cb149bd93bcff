import type { ProtobufWriter } from './protobuf-writer.ts';

/** Writes a JSON value as one field of a message. `at` is where the value stands in the document, for errors. */
export type Field = (writer: ProtobufWriter, number: number, value: unknown, at: string) => void;

/** A message: its keywords with their field numbers, in the order of the numbers. */
export interface Message {
  readonly fields: Readonly<Record<string, readonly [number: number, field: Field]>>;
  /** Number of the field that takes the x- keywords; without it they are refused. */
  readonly extensions?: number;
}

type JsonObject = Readonly<Record<string, unknown>>;

export const text: Field = (writer, number, value, at) => writer.string(number, asString(value, at));

export const texts: Field = (writer, number, value, at) => {
  for (const [index, one] of asArray(value, at).entries()) writer.item(number, asString(one, `${at}/${index}`));
};

export const flag: Field = (writer, number, value, at) => writer.boolean(number, asBoolean(value, at));

/** A boolean in a oneof. */
export const presentFlag: Field = (writer, number, value, at) => writer.presentBoolean(number, asBoolean(value, at));

export const decimal: Field = (writer, number, value, at) => writer.double(number, asNumber(value, at));

export const size: Field = (writer, number, value, at) => {
  const count = asNumber(value, at);
  if (!Number.isSafeInteger(count) || count < 0) throw wrong(at, 'a whole number that is not negative');
  writer.unsigned(number, count);
};

/**
 * Any value, as YAML text in field 2. JSON is YAML, and the only form of it in which no string can be taken for a number
 * or a boolean by a reader of YAML 1.1.
 */
export const any: Field = (writer, number, value) => {
  writer.message(number, () => writer.string(2, `${JSON.stringify(value)}\n`));
};

/** Every entry of an array as a field of its own. */
export function each(field: Field): Field {
  return (writer, number, value, at) => {
    for (const [index, one] of asArray(value, at).entries()) field(writer, number, one, `${at}/${index}`);
  };
}

/** A message that has the value as its only field. */
export function inside(innerNumber: number, field: Field): Field {
  return (writer, number, value, at) => writer.message(number, () => field(writer, innerNumber, value, at));
}

/** One string where the message has room for several. */
export const oneText: Field = (writer, number, value, at) => writer.item(number, asString(value, at));

/** An object of free keys: fields of that number with a name in 1 and the value in 2. */
export function named(field: Field): Field {
  return (writer, number, value, at) => {
    for (const [name, one] of Object.entries(asObject(value, at))) {
      writer.message(number, () => {
        writer.string(1, name);
        field(writer, 2, one, `${at}/${name}`);
      });
    }
  };
}

/** The field that suits the value. */
export function choose(choice: (value: unknown, at: string) => Field): Field {
  return (writer, number, value, at) => choice(value, at)(writer, number, value, at);
}

/** A nested message. */
export function message(shape: Message): Field {
  return (writer, number, value, at) => writer.message(number, () => writeMessage(writer, shape, value, at));
}

/**
 * Writes the fields of a message.
 *
 * @throws Error for a keyword that the message has no field for: a reader of this form would never see it.
 */
export function writeMessage(writer: ProtobufWriter, shape: Message, value: unknown, at: string): void {
  const object = asObject(value, at);
  for (const [keyword, [number, field]] of Object.entries(shape.fields)) {
    if (object[keyword] !== undefined) field(writer, number, object[keyword], `${at}/${keyword}`);
  }
  for (const [keyword, one] of Object.entries(object)) {
    if (one === undefined || Object.hasOwn(shape.fields, keyword)) continue;
    if (!keyword.startsWith('x-') || shape.extensions === undefined)
      throw new Error(`OpenAPI 2.0 in protobuf has no room for ${at}/${keyword}`);
    named(any)(writer, shape.extensions, { [keyword]: one }, at);
  }
}

export function asObject(value: unknown, at: string): JsonObject {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as JsonObject;
  throw wrong(at, 'an object');
}

function asArray(value: unknown, at: string): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw wrong(at, 'an array');
}

function asString(value: unknown, at: string): string {
  if (typeof value === 'string') return value;
  throw wrong(at, 'a string');
}

function asBoolean(value: unknown, at: string): boolean {
  if (typeof value === 'boolean') return value;
  throw wrong(at, 'true or false');
}

function asNumber(value: unknown, at: string): number {
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  throw wrong(at, 'a number');
}

function wrong(at: string, expected: string): Error {
  return new Error(`${at} of the OpenAPI document is not ${expected}`);
}
