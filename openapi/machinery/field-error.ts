import type { StatusCause } from './object.ts';

/**
 * One thing wrong with one field, worded as Kubernetes words it (apimachinery's field.Error): people, kubectl and
 * controllers read these texts, so they are copied to the letter.
 */
export type FieldErrorType =
  | 'required'
  | 'invalid'
  | 'notSupported'
  | 'duplicate'
  | 'forbidden'
  | 'tooLong'
  | 'tooMany'
  | 'typeInvalid'
  | 'notFound'
  | 'internal';

export interface FieldError {
  readonly type: FieldErrorType;
  /** Dotted path with [0] for items and [key] for map entries: `spec.volumes[0].name`. */
  readonly field: string;
  readonly value?: unknown;
  readonly detail: string;
}

const types: Readonly<Record<FieldErrorType, { reason: string; phrase: string; showsValue: boolean }>> = {
  required: { reason: 'FieldValueRequired', phrase: 'Required value', showsValue: false },
  invalid: { reason: 'FieldValueInvalid', phrase: 'Invalid value', showsValue: true },
  notSupported: { reason: 'FieldValueNotSupported', phrase: 'Unsupported value', showsValue: true },
  duplicate: { reason: 'FieldValueDuplicate', phrase: 'Duplicate value', showsValue: true },
  forbidden: { reason: 'FieldValueForbidden', phrase: 'Forbidden', showsValue: false },
  tooLong: { reason: 'FieldValueTooLong', phrase: 'Too long', showsValue: false },
  tooMany: { reason: 'FieldValueTooMany', phrase: 'Too many', showsValue: true },
  typeInvalid: { reason: 'FieldValueTypeInvalid', phrase: 'Invalid value', showsValue: true },
  notFound: { reason: 'FieldValueNotFound', phrase: 'Not found', showsValue: true },
  internal: { reason: 'InternalError', phrase: 'Internal error', showsValue: false },
};

/** A string as Go's %q prints it; differs from JSON in how control characters are escaped. */
export function quote(text: string): string {
  return JSON.stringify(text).replace(/\\u00([0-9a-f]{2})/g, '\\x$1');
}

/** Longer values are shown by their beginning: an error must not be larger than what it is about. */
const LONGEST_SHOWN = 1024;

function show(value: unknown): string {
  if (value === null || value === undefined) return '"null"';
  if (typeof value === 'string') {
    return value.length > LONGEST_SHOWN ? `${quote(value.slice(0, LONGEST_SHOWN))}...` : quote(value);
  }
  if (typeof value === 'object') {
    const text = JSON.stringify(value);
    return text.length > LONGEST_SHOWN ? `${text.slice(0, LONGEST_SHOWN)}...` : text;
  }
  return String(value);
}

/** So many mistakes of one object are told; whoever mends these will hear of the others. */
export const MOST_FIELD_ERRORS = 100;

/** The text after the field: `Invalid value: "x": why`. */
export function fieldErrorBody(error: FieldError): string {
  const { phrase, showsValue } = types[error.type];
  const head = showsValue ? `${phrase}: ${show(error.value)}` : phrase;
  return error.detail ? `${head}: ${error.detail}` : head;
}

/** The whole text: `spec.x: Invalid value: "x": why`. */
export function fieldErrorText(error: FieldError): string {
  return `${error.field}: ${fieldErrorBody(error)}`;
}

/** Several errors as Kubernetes aggregates them: one alone, or `[a, b]`, each text once. */
export function fieldErrorsText(list: readonly FieldError[]): string {
  const texts = [...new Set(list.slice(0, MOST_FIELD_ERRORS).map(fieldErrorText))];
  if (list.length > MOST_FIELD_ERRORS) texts.push('and more');
  return texts.length === 1 ? (texts[0] ?? '') : `[${texts.join(', ')}]`;
}

export function causesOf(list: readonly FieldError[]): StatusCause[] {
  return list.slice(0, MOST_FIELD_ERRORS).map((error) => ({
    reason: types[error.type].reason,
    message: fieldErrorBody(error),
    field: error.field,
  }));
}

/** Constructors, so that the wording of the details stands here and nowhere else. */
export const field = {
  required: (path: string, detail = ''): FieldError => ({ type: 'required', field: path, detail }),
  invalid: (path: string, value: unknown, detail: string): FieldError => ({
    type: 'invalid',
    field: path,
    value,
    detail,
  }),
  notSupported: (path: string, value: unknown, supported: readonly string[]): FieldError => ({
    type: 'notSupported',
    field: path,
    value,
    detail: supported.length > 0 ? `supported values: ${[...supported].sort().map(quote).join(', ')}` : '',
  }),
  duplicate: (path: string, value: unknown): FieldError => ({ type: 'duplicate', field: path, value, detail: '' }),
  forbidden: (path: string, detail: string): FieldError => ({ type: 'forbidden', field: path, detail }),
  tooLong: (path: string, value: unknown, maximumBytes: number): FieldError => ({
    type: 'tooLong',
    field: path,
    value,
    detail: `may not be more than ${maximumBytes} bytes`,
  }),
  tooMany: (path: string, actual: number, maximum: number): FieldError => ({
    type: 'tooMany',
    field: path,
    value: actual,
    detail: `must have at most ${maximum} item${maximum === 1 ? '' : 's'}`,
  }),
  typeInvalid: (path: string, value: unknown, detail: string): FieldError => ({
    type: 'typeInvalid',
    field: path,
    value,
    detail,
  }),
  notFound: (path: string, value: unknown): FieldError => ({ type: 'notFound', field: path, value, detail: '' }),
  internal: (path: string, detail: string): FieldError => ({ type: 'internal', field: path, detail }),
} as const;

export const fieldErrorTypes = Object.keys(types) as readonly FieldErrorType[];
