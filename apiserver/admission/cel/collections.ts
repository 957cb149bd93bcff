import type { Environment } from '@marcbachmann/cel-js';

/** Kubernetes' list functions and CEL's `sets`. */
export function registerCollections(environment: Environment): void {
  environment
    .registerFunction('list.sum(): dyn', (list: readonly (bigint | number)[]) =>
      list.reduce((sum, one) => (sum as never) + (one as never), typeof list[0] === 'number' ? 0 : 0n),
    )
    .registerFunction('list.min(): dyn', (list: readonly unknown[]) => extreme(list, 'min'))
    .registerFunction('list.max(): dyn', (list: readonly unknown[]) => extreme(list, 'max'))
    .registerFunction('list.isSorted(): bool', (list: readonly unknown[]) =>
      list.every((one, index) => index === 0 || !less(one, list[index - 1])),
    )
    .registerFunction('list.indexOf(dyn): int', (list: readonly unknown[], wanted: unknown) =>
      BigInt(list.findIndex((one) => same(one, wanted))),
    )
    .registerFunction('list.lastIndexOf(dyn): int', (list: readonly unknown[], wanted: unknown) =>
      BigInt(list.findLastIndex((one) => same(one, wanted))),
    )
    .registerType('Sets', { ctor: Sets, fields: {} })
    .registerConstant('sets', 'Sets', new Sets())
    .registerFunction('Sets.contains(list, list): bool', (_sets: Sets, all: readonly unknown[], some: unknown[]) =>
      some.every((one) => includes(all, one)),
    )
    .registerFunction('Sets.intersects(list, list): bool', (_sets: Sets, a: readonly unknown[], b: unknown[]) =>
      b.some((one) => includes(a, one)),
    )
    .registerFunction(
      'Sets.equivalent(list, list): bool',
      (_sets: Sets, a: unknown[], b: unknown[]) =>
        a.every((one) => includes(b, one)) && b.every((one) => includes(a, one)),
    );
}

/** Only its functions are of use. */
class Sets {}

const includes = (list: readonly unknown[], wanted: unknown) => list.some((one) => same(one, wanted));

/** Integers and doubles of one value are equal, as `==` has it. */
function same(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (isNumber(a) && isNumber(b)) return !((a as never) < (b as never)) && (a as never) <= (b as never);
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) || Array.isArray(b)) {
    return (
      Array.isArray(a) && Array.isArray(b) && a.length === b.length && a.every((one, index) => same(one, b[index]))
    );
  }
  const [left, right] = [a as Record<string, unknown>, b as Record<string, unknown>];
  const keys = Object.keys(left);
  return (
    keys.length === Object.keys(right).length &&
    keys.every((key) => Object.hasOwn(right, key) && same(left[key], right[key]))
  );
}

const isNumber = (value: unknown) => typeof value === 'bigint' || typeof value === 'number';

function less(a: unknown, b: unknown): boolean {
  const comparable =
    (isNumber(a) && isNumber(b)) || (typeof a === typeof b && typeof a !== 'object') || bothDates(a, b);
  if (!comparable) throw new Error('no such overload: the items of the list cannot be compared');
  return (a as never) < (b as never);
}

const bothDates = (a: unknown, b: unknown) => a instanceof Date && b instanceof Date;

function extreme(list: readonly unknown[], which: 'min' | 'max'): unknown {
  if (list.length === 0) throw new Error(`${which} called on empty list`);
  return list.reduce((best, one) => ((which === 'min' ? less(one, best) : less(best, one)) ? one : best));
}
