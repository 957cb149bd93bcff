import fc from 'fast-check';
import type { Shape } from '../shape.ts';

/**
 * For property tests: objects of a shape with fields left out, of wrong types, null and unknown, so that every walk meets
 * everything a client can send.
 */
export function arbitraryOf(shape: Shape): fc.Arbitrary<unknown> {
  // As the reader of bodies gives them: plain objects.
  return arbitraryAt(shape, 0).map((value) => JSON.parse(JSON.stringify(value ?? null)));
}

function arbitraryAt(shape: Shape, depth: number): fc.Arbitrary<unknown> {
  if (depth > 7) return fc.constant({});
  const likely = arbitraryOfKind(shape, depth);
  return fc.oneof({ weight: 8, arbitrary: likely }, { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 2 }) });
}

function arbitraryOfKind(shape: Shape, depth: number): fc.Arbitrary<unknown> {
  switch (shape.kind) {
    case 'any':
      return fc.jsonValue({ maxDepth: 2 });
    case 'scalar':
      return fc.oneof(fc.string({ maxLength: 6 }), fc.integer(), fc.boolean(), fc.constantFrom('512Mi', '2', '5m'));
    case 'array':
      return fc.array(arbitraryAt(shape.items, depth + 1), { maxLength: 3 });
    case 'map':
      return fc.dictionary(fc.string({ maxLength: 4 }), arbitraryAt(shape.values, depth + 1), { maxKeys: 3 });
    case 'object': {
      const names = [...shape.properties.keys()];
      if (names.length === 0) return fc.constant({});
      return fc.subarray(names, { maxLength: Math.min(6, names.length) }).chain((chosen) => {
        const fields = chosen.map((name) => {
          const child = shape.properties.get(name);
          return [name, child ? arbitraryAt(child, depth + 1) : fc.constant(null)] as const;
        });
        const unknown = fc.dictionary(fc.constantFrom('tray', 'foo', '__x'), fc.jsonValue({ maxDepth: 1 }), {
          maxKeys: 1,
        });
        return fc.tuple(fc.record(Object.fromEntries(fields)), unknown).map(([known, more]) => ({ ...more, ...known }));
      });
    }
    default:
      shape satisfies never;
      return fc.constant(null);
  }
}
