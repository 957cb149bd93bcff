import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  addQuantities,
  compareQuantities,
  formatQuantity,
  parseQuantity,
  QuantityError,
  quantityMilliValue,
  quantityOfBytes,
  quantityOfMilli,
  quantityValue,
  tryParseQuantity,
} from './quantity.ts';

test('canonical form', () => {
  const cases: [string, string][] = [
    ['0', '0'],
    ['0Ki', '0'],
    ['00012', '12'],
    ['1.5', '1500m'],
    ['1.50', '1500m'],
    ['.5', '500m'],
    ['5.', '5'],
    ['1.5Gi', '1536Mi'],
    ['1024Mi', '1Gi'],
    ['1024Ki', '1Mi'],
    ['512Mi', '512Mi'],
    ['1000Ki', '1000Ki'],
    ['0.5Ki', '512'],
    ['1000', '1k'],
    ['1500', '1500'],
    ['100000', '100k'],
    ['1000000', '1M'],
    ['1000m', '1'],
    ['100E', '100E'],
    ['1e3', '1e3'],
    ['12e6', '12e6'],
    ['1E3', '1e3'],
    ['1.5e3', '1500'],
    ['1e-3', '1e-3'],
    ['10e2', '1e3'],
    ['-1.5', '-1500m'],
    ['-1Gi', '-1Gi'],
    ['+3', '3'],
    ['0.1n', '1n'],
    ['1.0000000001', '1000000001n'],
    ['0.0001Ki', '102400u'],
    ['999999999999999999999', '9223372036854775807'],
    ['99999Ei', '9223372036854775807'],
    ['1e99', '9223372036854775807'],
  ]; // prettier-ignore
  for (const [text, canonical] of cases) assert.equal(formatQuantity(parseQuantity(text)), canonical, text);
});

test('what is no quantity is refused with the words of Kubernetes', () => {
  const format = /quantities must match the regular expression/;
  const suffix = /unable to parse quantity's suffix/;
  for (const text of ['', 'lots', '1 Gi', ' 1', '1Gi ', '0x10', '1,5', '１', '1.1.1']) {
    assert.throws(() => parseQuantity(text), format, text);
  }
  for (const text of ['1i', '.5i', '1mi', '1am', '1e', '-3.01e-', '1KI', '1kk']) {
    assert.throws(
      () => parseQuantity(text),
      (error) => error instanceof QuantityError,
      text,
    );
  }
  assert.throws(() => parseQuantity('1mi'), suffix);
  assert.throws(() => parseQuantity('.'), /numeric part/);
  assert.equal(tryParseQuantity(undefined), undefined);
  assert.equal(tryParseQuantity('x'), undefined);
});

test('numbers of JSON are read as they are written', () => {
  assert.equal(formatQuantity(parseQuantity(2)), '2');
  assert.equal(formatQuantity(parseQuantity(0.5)), '500m');
  assert.equal(formatQuantity(parseQuantity(1e21)), '1e21');
});

test('values are rounded away from zero', () => {
  assert.equal(quantityValue(parseQuantity('1500m')), 2n);
  assert.equal(quantityValue(parseQuantity('-1500m')), -2n);
  assert.equal(quantityValue(parseQuantity('1Gi')), 1n << 30n);
  assert.equal(quantityMilliValue(parseQuantity('0.0001')), 1n);
  assert.equal(quantityMilliValue(parseQuantity('2')), 2000n);
  assert.equal(formatQuantity(addQuantities(parseQuantity('0'), parseQuantity('1Gi'))), '1Gi');
});

const number = fc.bigInt({ min: 0n, max: 10n ** 15n });

test('property: the canonical form means the same and is its own canonical form', () => {
  const suffix = fc.constantFrom('', 'n', 'u', 'm', 'k', 'M', 'Ki', 'Mi', 'Gi', 'e3', 'e-2', 'E2');
  fc.assert(
    fc.property(number, fc.nat(999), suffix, fc.boolean(), (whole, part, unit, negative) => {
      const quantity = parseQuantity(`${negative ? '-' : ''}${whole}.${part}${unit}`);
      const canonical = formatQuantity(quantity);
      const again = parseQuantity(canonical);
      assert.equal(compareQuantities(quantity, again), 0);
      assert.equal(formatQuantity(again), canonical);
    }),
  );
});

test('property: bytes and milli-units survive, and order is that of the numbers', () => {
  fc.assert(
    fc.property(number, number, (a, b) => {
      assert.equal(quantityValue(parseQuantity(formatQuantity(quantityOfBytes(a)))), a);
      assert.equal(quantityMilliValue(parseQuantity(formatQuantity(quantityOfMilli(a)))), a);
      assert.equal(Math.sign(compareQuantities(quantityOfBytes(a), quantityOfBytes(b))), a < b ? -1 : a > b ? 1 : 0);
    }),
  );
});

test('property: no text makes it hang or throw anything but QuantityError', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'0123456789.+-eEinumkKMGTP x') }), (text) => {
      try {
        parseQuantity(text);
      } catch (error) {
        assert.ok(error instanceof QuantityError);
      }
    }),
  );
});
