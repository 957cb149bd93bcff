import type { Environment } from '@marcbachmann/cel-js';
import {
  addQuantities,
  compareQuantities,
  parseQuantity,
  type Quantity,
  tryParseQuantity,
} from '../../../openapi/machinery/quantity.ts';

/** The interpreter knows values of a type by their class. */
class QuantityValue {
  readonly quantity: Quantity;
  constructor(quantity: Quantity) {
    this.quantity = quantity;
  }
}

const WHOLE = 1_000_000_000n;
const LARGEST = 2n ** 63n;

/** Kubernetes' quantity library: `quantity("1Gi").isGreaterThan(quantity("512Mi"))`. */
export function registerQuantities(environment: Environment): void {
  const compare = ({ quantity: a }: QuantityValue, { quantity: b }: QuantityValue) => compareQuantities(a, b);
  const sum = ({ quantity: a }: QuantityValue, b: Quantity) => new QuantityValue(addQuantities(a, b));
  const negative = ({ nanos, format }: Quantity): Quantity => ({ nanos: -nanos, format });
  const whole = (value: bigint): Quantity => ({ nanos: value * WHOLE, format: 'DecimalSI' });
  const isInteger = ({ quantity: { nanos } }: QuantityValue) =>
    nanos % WHOLE === 0n && nanos / WHOLE < LARGEST && nanos / WHOLE >= -LARGEST;
  environment
    .registerType('Quantity', { ctor: QuantityValue, fields: {} })
    .registerFunction('quantity(string): Quantity', (text: string) => new QuantityValue(parseQuantity(text)))
    .registerFunction('isQuantity(string): bool', (text: string) => tryParseQuantity(text) !== undefined)
    .registerFunction('Quantity.isInteger(): bool', isInteger)
    .registerFunction('Quantity.asInteger(): int', (value: QuantityValue) => {
      if (!isInteger(value)) throw new Error('cannot convert value to integer');
      return value.quantity.nanos / WHOLE;
    })
    .registerFunction('Quantity.asApproximateFloat(): double', ({ quantity }: QuantityValue) => {
      return Number(quantity.nanos) / Number(WHOLE);
    })
    .registerFunction('Quantity.sign(): int', ({ quantity: { nanos } }: QuantityValue) =>
      nanos > 0n ? 1n : nanos < 0n ? -1n : 0n,
    )
    .registerFunction('Quantity.add(Quantity): Quantity', (a: QuantityValue, b: QuantityValue) => sum(a, b.quantity))
    .registerFunction('Quantity.add(int): Quantity', (a: QuantityValue, b: bigint) => sum(a, whole(b)))
    .registerFunction('Quantity.sub(Quantity): Quantity', (a: QuantityValue, b: QuantityValue) =>
      sum(a, negative(b.quantity)),
    )
    .registerFunction('Quantity.sub(int): Quantity', (a: QuantityValue, b: bigint) => sum(a, whole(-b)))
    .registerFunction('Quantity.compareTo(Quantity): int', (a: QuantityValue, b: QuantityValue) =>
      BigInt(compare(a, b)),
    )
    .registerFunction(
      'Quantity.isGreaterThan(Quantity): bool',
      (a: QuantityValue, b: QuantityValue) => compare(a, b) > 0,
    )
    .registerFunction('Quantity.isLessThan(Quantity): bool', (a: QuantityValue, b: QuantityValue) => compare(a, b) < 0)
    .registerOperator('Quantity == Quantity', (a: QuantityValue, b: QuantityValue) => compare(a, b) === 0);
}
