/**
 * Kubernetes quantities ("512Mi", "1500m", "2e3"): parsed, compared and written in the canonical form exactly as
 * apimachinery's resource.Quantity does. The value is a whole number of billionths (the finest step that Kubernetes
 * keeps; finer input is rounded away from zero), so no arithmetic here loses a bit.
 */
export type QuantityFormat = 'BinarySI' | 'DecimalSI' | 'DecimalExponent';

export interface Quantity {
  readonly nanos: bigint;
  readonly format: QuantityFormat;
}

export class QuantityError extends Error {
  override readonly name = 'QuantityError';
}

const NANO = 1_000_000_000n;
const LARGEST = (2n ** 63n - 1n) * NANO;
/** Exponents beyond this are capped: the number is far above every limit and would only cost memory. */
const MAXIMUM_EXPONENT = 60;
const binarySuffixes = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'];
const decimalSuffixes = ['n', 'u', 'm', '', 'k', 'M', 'G', 'T', 'P', 'E'];

const formatWrong = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
const numericWrong = 'unable to parse numeric part of quantity';
const suffixWrong = "unable to parse quantity's suffix";

interface Suffix {
  readonly format: QuantityFormat;
  readonly exponent: number;
}

function interpretSuffix(suffix: string): Suffix {
  const binary = binarySuffixes.indexOf(suffix);
  if (binary > 0) return { format: 'BinarySI', exponent: binary * 10 };
  const decimal = decimalSuffixes.indexOf(suffix);
  if (decimal >= 0) return { format: 'DecimalSI', exponent: decimal * 3 - 9 };
  if (/^[eE][+-]?[0-9]+$/.test(suffix)) return { format: 'DecimalExponent', exponent: Number(suffix.slice(1)) };
  throw new QuantityError(suffixWrong);
}

/** value * 10^exponent, rounded away from zero when the exponent is negative. `value` is not negative. */
function shift(value: bigint, exponent: number): bigint {
  if (exponent >= 0) return value * 10n ** BigInt(exponent);
  const divisor = 10n ** BigInt(-exponent);
  return (value + divisor - 1n) / divisor;
}

/** Numbers are accepted as JSON gives them (`cpu: 2`, `cpu: 0.5`). Throws QuantityError with Kubernetes' words. */
export function parseQuantity(input: string | number): Quantity {
  const text = typeof input === 'number' ? String(input) : input;
  if (text === '' || text.length > 128) throw new QuantityError(formatWrong);
  const match = /^([+-]?)([0-9]*)(?:(\.)([0-9]*))?([eEinumkKMGTP]*[-+]?[0-9]*)$/.exec(text);
  if (!match) throw new QuantityError(formatWrong);
  const [, sign = '', whole = '', , fraction = '', suffixText = ''] = match;
  if (whole === '' && fraction === '') {
    throw new QuantityError(/^[+-]?[0-9.]/.test(text) ? numericWrong : formatWrong);
  }
  const { format, exponent } = interpretSuffix(suffixText);
  const number = whole.replace(/^0+/, '');
  const digits = BigInt(`${whole}${fraction}`);

  let nanos: bigint;
  if (format === 'BinarySI') {
    nanos = min(shift((digits << BigInt(exponent)) * NANO, -fraction.length), LARGEST);
  } else if (Math.abs(exponent) > MAXIMUM_EXPONENT) {
    nanos = digits === 0n ? 0n : exponent > 0 ? LARGEST : 1n;
  } else {
    const scale = exponent - fraction.length;
    // Kubernetes keeps up to 18 digits as an int64 and a scale and caps only what does not fit into that.
    const capped = Math.max(number.length, 1) + fraction.length > 18 || scale < -9;
    nanos = shift(digits, scale + 9);
    if (capped) nanos = min(nanos, LARGEST);
  }
  const small = format === 'BinarySI' && nanos > 0n && nanos < NANO;
  return { nanos: sign === '-' ? -nanos : nanos, format: small ? 'DecimalSI' : format };
}

const min = (a: bigint, b: bigint) => (a < b ? a : b);
const absolute = (value: bigint) => (value < 0n ? -value : value);

/** undefined instead of an exception. */
export function tryParseQuantity(input: unknown): Quantity | undefined {
  if (typeof input !== 'string' && typeof input !== 'number') return undefined;
  try {
    return parseQuantity(input);
  } catch (error) {
    if (error instanceof QuantityError) return undefined;
    throw error;
  }
}

/** The canonical text: no fraction, the largest suffix that keeps every digit. */
export function formatQuantity({ nanos, format }: Quantity): string {
  if (nanos === 0n) return '0';
  if (format === 'BinarySI' && absolute(nanos) >= 1024n * NANO && nanos % NANO === 0n) {
    let value = nanos / NANO;
    let power = 0;
    while (power < binarySuffixes.length - 1 && value % 1024n === 0n) {
      value /= 1024n;
      power++;
    }
    return `${value}${binarySuffixes[power]}`;
  }
  let mantissa = nanos;
  let exponent = -9;
  while (mantissa % 1000n === 0n && (format === 'DecimalExponent' || exponent < 18)) {
    mantissa /= 1000n;
    exponent += 3;
  }
  if (format === 'DecimalExponent') return exponent === 0 ? `${mantissa}` : `${mantissa}e${exponent}`;
  return `${mantissa}${decimalSuffixes[(exponent + 9) / 3]}`;
}

/** Below zero when a < b, zero when they are worth the same ("1Gi" and "1024Mi"). */
export function compareQuantities(a: Quantity, b: Quantity): number {
  return a.nanos < b.nanos ? -1 : a.nanos > b.nanos ? 1 : 0;
}

export function addQuantities(a: Quantity, b: Quantity): Quantity {
  return { nanos: a.nanos + b.nanos, format: a.nanos === 0n ? b.format : a.format };
}

/** Rounded away from zero, as Kubernetes' Value() does: bytes of a memory quantity, whole CPUs. */
export function quantityValue(quantity: Quantity): bigint {
  return roundAway(quantity.nanos, NANO);
}

/** Thousandths, rounded away from zero: milli-CPUs. */
export function quantityMilliValue(quantity: Quantity): bigint {
  return roundAway(quantity.nanos, 1_000_000n);
}

function roundAway(value: bigint, step: bigint): bigint {
  const rounded = (absolute(value) + step - 1n) / step;
  return value < 0n ? -rounded : rounded;
}

export function quantityOfBytes(bytes: bigint): Quantity {
  return { nanos: bytes * NANO, format: 'BinarySI' };
}

export function quantityOfMilli(milli: bigint): Quantity {
  return { nanos: milli * 1_000_000n, format: 'DecimalSI' };
}
