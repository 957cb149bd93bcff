import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  causesOf,
  type FieldError,
  type FieldErrorType,
  field,
  fieldErrorText,
  fieldErrorTypes,
} from './field-error.ts';

const examples: Readonly<Record<FieldErrorType, readonly [FieldError, string, string]>> = {
  required: [
    field.required('a', 'name or generateName is required'),
    'a: Required value: name or generateName is required',
    'FieldValueRequired',
  ],
  invalid: [field.invalid('a.b[0]', 'x"y', 'no'), 'a.b[0]: Invalid value: "x\\"y": no', 'FieldValueInvalid'],
  notSupported: [
    field.notSupported('a', 'c', ['b', 'a']),
    'a: Unsupported value: "c": supported values: "a", "b"',
    'FieldValueNotSupported',
  ],
  duplicate: [field.duplicate('a', 'c'), 'a: Duplicate value: "c"', 'FieldValueDuplicate'],
  forbidden: [field.forbidden('a', 'no'), 'a: Forbidden: no', 'FieldValueForbidden'],
  tooLong: [field.tooLong('a', 'ccc', 2), 'a: Too long: may not be more than 2 bytes', 'FieldValueTooLong'],
  tooMany: [field.tooMany('a', 9, 8), 'a: Too many: 9: must have at most 8 items', 'FieldValueTooMany'],
  typeInvalid: [
    field.typeInvalid('a', 'string', 'must be an integer'),
    'a: Invalid value: "string": must be an integer',
    'FieldValueTypeInvalid',
  ],
  notFound: [field.notFound('a', 'c'), 'a: Not found: "c"', 'FieldValueNotFound'],
  internal: [field.internal('a', 'oh'), 'a: Internal error: oh', 'InternalError'],
};

test('every type has an example', () => {
  assert.deepEqual(Object.keys(examples).sort(), [...fieldErrorTypes].sort());
});

for (const [type, [error, text, reason]] of Object.entries(examples)) {
  test(`${type} is worded as Kubernetes words it`, () => {
    assert.equal(error.type, type);
    assert.equal(fieldErrorText(error), text);
    assert.equal(causesOf([error])[0]?.reason, reason);
  });
}

test('numbers and booleans are bare, absent values are "null", control characters are escaped as Go does', () => {
  assert.equal(fieldErrorText(field.invalid('a', 3, 'x')), 'a: Invalid value: 3: x');
  assert.equal(fieldErrorText(field.invalid('a', true, 'x')), 'a: Invalid value: true: x');
  assert.equal(fieldErrorText(field.invalid('a', undefined, 'x')), 'a: Invalid value: "null": x');
  assert.equal(fieldErrorText(field.invalid('a', '\u0001', '')), 'a: Invalid value: "\\x01"');
});
