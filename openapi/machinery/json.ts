import { setImmediate as nextTurn } from 'node:timers/promises';
import type { JsonValue } from './json-value.ts';

/**
 * The reader of JSON bodies from outside. JSON.parse gives the value; a scan of the same text finds what JSON.parse
 * hides.
 *
 * R1 Duplicate keys: the last one wins, and paths that occur twice are reported, up to 100 (the caller warns or refuses).
 * R2 A whole number that a double cannot hold exactly is refused, so that no digit of an int64 is ever lost silently.
 * R3 `__proto__` is a key like any other: an own member of the value, found by Object.entries and by nothing inherited.
 * R4 At most 256 levels deep, so that no recursive walk after this one can overflow the stack.
 * R5 The text is well-formed UTF-8.
 * R6 At most 100,000 values, so that walks and copies of what was read take a few milliseconds each.
 */
export class JsonError extends Error {
  override readonly name = 'JsonError';
  /** 'syntax': the text is no JSON at all; 'rule': it is, and breaks one of R2, R4 and R5. */
  readonly kind: 'syntax' | 'rule';
  constructor(message: string, kind: JsonError['kind'] = 'rule') {
    super(message);
    this.kind = kind;
  }
}

export interface JsonBody {
  readonly value: JsonValue;
  /** Paths such as `spec.volumes[0].name`, in the order of the text, each once. */
  readonly duplicates: readonly string[];
}

const MAXIMUM_DEPTH = 256;
const MAXIMUM_VALUES = 100_000;
const utf8 = new TextDecoder('utf-8', { fatal: true });

/** Throws JsonError with a sentence for the person who sent it. For texts of a few hundred KiB at most. */
export function readJson(bytes: Buffer | string): JsonBody {
  const text = typeof bytes === 'string' ? bytes : decode(bytes);
  const inspection = new Inspection(text);
  inspection.run(Number.POSITIVE_INFINITY);
  return { value: parse(text), duplicates: [...inspection.duplicates] };
}

/** Texts below this length are read at once, in a few milliseconds. */
const AT_ONCE = 128 * 1024;
/** Steps of an inspection between two turns of the event loop: a few milliseconds. */
const SLICE = 25_000;

/** As readJson, for texts of any length: the event loop gets its turn in between. */
export async function readJsonInSlices(bytes: Buffer): Promise<JsonBody> {
  if (bytes.length <= AT_ONCE) return readJson(bytes);
  const text = decode(bytes);
  const inspection = new Inspection(text);
  while (!inspection.run(SLICE)) await nextTurn();
  return { value: parse(text), duplicates: [...inspection.duplicates] };
}

function parse(text: string): JsonValue {
  try {
    return JSON.parse(text) as JsonValue;
  } catch (error) {
    throw new JsonError(`the body is not valid JSON: ${(error as Error).message}`, 'syntax');
  }
}

function decode(bytes: Buffer): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw new JsonError('the body is not valid UTF-8');
  }
}

type Level =
  | { readonly kind: 'object'; readonly keys: Set<string>; key: string; expectsKey: boolean }
  | { readonly kind: 'list'; index: number };

const wholeNumber = /^-?[0-9]+$/;

/** So many doubled keys are named; more help nobody. */
const MOST_DUPLICATES = 100;

/**
 * A walk over the structure of a text, before JSON.parse: what is nested too deeply never gets there. A text that is no
 * JSON may be walked in any way; JSON.parse refuses it afterwards.
 */
class Inspection {
  readonly duplicates = new Set<string>();
  readonly #text: string;
  readonly #levels: Level[] = [];
  #at = 0;
  /** Openings and commas: no value comes without one of them, but for the first. */
  #values = 1;

  constructor(text: string) {
    this.#text = text;
  }

  /** Goes on for so many steps; true at the end of the text. */
  run(steps: number): boolean {
    const text = this.#text;
    const levels = this.#levels;
    for (let step = 0; step < steps && this.#at < text.length; step++) {
      const character = text.charCodeAt(this.#at);
      const level = levels.at(-1);
      if (character === 0x22) {
        this.#string(level);
      } else if (character === 0x7b || character === 0x5b) {
        if (levels.length >= MAXIMUM_DEPTH) {
          throw new JsonError(`the body is nested deeper than ${MAXIMUM_DEPTH} levels`);
        }
        levels.push(
          character === 0x7b
            ? { kind: 'object', keys: new Set(), key: '', expectsKey: true }
            : { kind: 'list', index: 0 },
        );
        this.#count();
        this.#at++;
      } else if (character === 0x7d || character === 0x5d) {
        levels.pop();
        this.#at++;
      } else if (character === 0x2c) {
        if (level?.kind === 'object') level.expectsKey = true;
        else if (level) level.index++;
        this.#count();
        this.#at++;
      } else if (character === 0x2d || (character >= 0x30 && character <= 0x39)) {
        const start = this.#at;
        while (this.#at < text.length && '+-.eE0123456789'.includes(text[this.#at] ?? ' ')) this.#at++;
        checkNumber(text.slice(start, this.#at), levels);
      } else {
        this.#at++;
      }
    }
    return this.#at >= text.length;
  }

  #count(): void {
    this.#values += 1;
    if (this.#values > MAXIMUM_VALUES) throw new JsonError(`the body holds more than ${MAXIMUM_VALUES} values`);
  }

  #string(level: Level | undefined): void {
    const stop = endOfString(this.#text, this.#at);
    if (level?.kind === 'object' && level.expectsKey) {
      level.key = keyOf(this.#text, this.#at, stop);
      level.expectsKey = false;
      if (level.keys.has(level.key) && this.duplicates.size < MOST_DUPLICATES)
        this.duplicates.add(pathOf(this.#levels));
      level.keys.add(level.key);
    }
    this.#at = stop;
  }
}

/** The position after the closing quote; the end of the text when there is none. */
function endOfString(text: string, start: number): number {
  let stop = text.indexOf('"', start + 1);
  for (;;) {
    if (stop < 0) return text.length;
    let slashes = 0;
    while (text.charCodeAt(stop - 1 - slashes) === 0x5c) slashes++;
    if (slashes % 2 === 0) return stop + 1;
    stop = text.indexOf('"', stop + 1);
  }
}

function keyOf(text: string, start: number, stop: number): string {
  const raw = text.slice(start + 1, stop - 1);
  return raw.includes('\\') ? (parse(text.slice(start, stop)) as string) : raw;
}

function checkNumber(literal: string, levels: readonly Level[]): void {
  // No number of JSON is that long by need, and turning millions of digits into one takes its time.
  const value = literal.length > 400 ? Number.POSITIVE_INFINITY : Number(literal);
  const exact = wholeNumber.test(literal) ? literal.length < 16 || Number.isSafeInteger(value) : Number.isFinite(value);
  if (!exact) {
    throw new JsonError(
      `${pathOf(levels) || 'the body'}: the number ${literal.slice(0, 40)} is outside of what can be stored exactly (whole numbers up to ${Number.MAX_SAFE_INTEGER})`,
    );
  }
}

function pathOf(levels: readonly Level[]): string {
  let path = '';
  for (const level of levels) {
    if (level.kind === 'list') path += `[${level.index}]`;
    else path += path === '' ? level.key : `.${level.key}`;
  }
  return path;
}
