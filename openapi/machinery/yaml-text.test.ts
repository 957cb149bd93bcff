import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parse } from 'yaml';
import { yamlItemOf, yamlOf } from './yaml-text.ts';

test('looks as people write it', () => {
  const machine = {
    apiVersion: 'torpor.dev/v1alpha1',
    metadata: { name: 'web', labels: {}, annotations: { 'a.b/c': 'yes' } },
    spec: { volumes: [{ name: 'root', disks: [1, 2] }, { name: 'x' }], list: [], sleeps: false, note: 'a: b\nc' },
  };
  assert.equal(
    yamlOf(machine),
    [
      'apiVersion: torpor.dev/v1alpha1',
      'metadata:',
      '  name: web',
      '  labels: {}',
      '  annotations:',
      '    a.b/c: "yes"',
      'spec:',
      '  volumes:',
      '  - name: root',
      '    disks:',
      '    - 1',
      '    - 2',
      '  - name: x',
      '  list: []',
      '  sleeps: false',
      '  note: "a: b\\nc"',
      '',
    ].join('\n'),
  );
  assert.equal(yamlItemOf({ a: [[1], {}] }), '- a:\n  - - 1\n  - {}\n');
});

test('property: readers of YAML 1.1 and 1.2 read what was written', () => {
  const text = fc.oneof(
    fc.string({ unit: 'grapheme' }),
    fc.constantFrom(
      '1',
      '0x1f',
      '1e3',
      '.5',
      '-',
      '~',
      'null',
      'NO',
      'on',
      '2020-01-01',
      '1:30',
      '=',
      '<<',
      '? a',
      '#',
      ' a',
      'a ',
      'a #b',
      '__proto__',
    ),
  );
  const { value } = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 5 },
      text,
      fc.integer(),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.boolean(),
      fc.constant(null),
      fc.array(tie('value'), { maxLength: 4 }),
      fc.array(fc.tuple(text, tie('value')), { maxLength: 4 }).map((pairs) => Object.fromEntries(pairs)),
    ),
  }));
  fc.assert(
    fc.property(value, (written) => {
      const wanted = JSON.stringify(written);
      for (const version of ['1.1', '1.2'] as const) {
        assert.equal(JSON.stringify(parse(yamlOf(written), { version })), wanted);
        assert.equal(JSON.stringify(parse(yamlItemOf(written), { version })), `[${wanted}]`);
      }
    }),
  );
});
