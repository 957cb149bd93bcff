import { FORBIDDEN_KEY, type JsonValue } from './json-value.ts';

/**
 * The reader of JSON bodies from outside. JSON.parse gives the value; a scan of the same text finds what JSON.parse
 * hides.
 *
 * R1 Duplicate keys: the last one wins, and every path that occurs twice is reported (the caller warns or refuses).
 * R2 A whole number that a double cannot hold exactly is refused, so that no digit of an int64 is ever lost silently.
 * R3 The key `__proto__` is refused, so that no later copy of the object can lose it or act on it.
 * R4 At most 256 levels deep, so that no recursive walk after this one can overflow the stack.
 * R5 The text is well-formed UTF-8.
 */
export class JsonError extends Error {
  override readonly name = 'JsonError';
}

export interface JsonBody {
  readonly value: JsonValue;
  /** Paths such as `spec.volumes[0].name`, in the order of the text, each once. */
  readonly duplicates: readonly string[];
}

const MAXIMUM_DEPTH = 256;
const utf8 = new TextDecoder('utf-8', { fatal: true });

/** Throws JsonError with a sentence for the person who sent it. */
export function readJson(bytes: Buffer | string): JsonBody {
  const text = typeof bytes === 'string' ? bytes : decode(bytes);
  let value: JsonValue;
  try {
    value = JSON.parse(text) as JsonValue;
  } catch (error) {
    throw new JsonError(`the body is not valid JSON: ${(error as Error).message}`);
  }
  return { value, duplicates: inspect(text) };
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

/** `text` is known to be valid JSON, so only structure is looked at. */
function inspect(text: string): string[] {
  const levels: Level[] = [];
  const duplicates = new Set<string>();
  let at = 0;
  while (at < text.length) {
    const character = text.charCodeAt(at);
    const level = levels.at(-1);
    if (character === 0x22) {
      const stop = endOfString(text, at);
      if (level?.kind === 'object' && level.expectsKey) {
        level.key = keyOf(text, at, stop);
        level.expectsKey = false;
        if (level.key === FORBIDDEN_KEY) throw new JsonError(`the key ${pathOf(levels)} is not allowed`);
        if (level.keys.has(level.key)) duplicates.add(pathOf(levels));
        level.keys.add(level.key);
      }
      at = stop;
    } else if (character === 0x7b || character === 0x5b) {
      if (levels.length >= MAXIMUM_DEPTH) {
        throw new JsonError(`the body is nested deeper than ${MAXIMUM_DEPTH} levels`);
      }
      levels.push(
        character === 0x7b
          ? { kind: 'object', keys: new Set(), key: '', expectsKey: true }
          : { kind: 'list', index: 0 },
      );
      at++;
    } else if (character === 0x7d || character === 0x5d) {
      levels.pop();
      at++;
    } else if (character === 0x2c) {
      if (level?.kind === 'object') level.expectsKey = true;
      else if (level) level.index++;
      at++;
    } else if (character === 0x2d || (character >= 0x30 && character <= 0x39)) {
      const start = at;
      while (at < text.length && '+-.eE0123456789'.includes(text[at] ?? ' ')) at++;
      checkNumber(text.slice(start, at), levels);
    } else {
      at++;
    }
  }
  return [...duplicates];
}

/** The position after the closing quote. */
function endOfString(text: string, start: number): number {
  let stop = text.indexOf('"', start + 1);
  for (;;) {
    let slashes = 0;
    while (text.charCodeAt(stop - 1 - slashes) === 0x5c) slashes++;
    if (slashes % 2 === 0) return stop + 1;
    stop = text.indexOf('"', stop + 1);
  }
}

function keyOf(text: string, start: number, stop: number): string {
  const raw = text.slice(start + 1, stop - 1);
  return raw.includes('\\') ? (JSON.parse(text.slice(start, stop)) as string) : raw;
}

function checkNumber(literal: string, levels: readonly Level[]): void {
  const value = Number(literal);
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
