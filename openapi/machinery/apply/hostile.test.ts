import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { schemaFor } from '../../schema/schema.ts';
import type { Shape } from '../../schema/shape.ts';
import type { JsonObject, JsonValue } from '../json-value.ts';
import type { KubernetesObject, ManagedFieldsEntry } from '../object.ts';
import { ConfigurationError } from './applied-set.ts';
import { applyConfiguration } from './apply.ts';
import { changesOf } from './changes.ts';
import { decodeManagedFields } from './managers.ts';
import { ownablePart } from './ownable.ts';
import { writer } from './testing/sample.ts';
import { managersAfterUpdate } from './update.ts';

const shape = schemaFor('torpor.dev', 'v1alpha1', 'VirtualMachine')?.shape as Shape;
const names = [
  'spec',
  'domain',
  'devices',
  'disks',
  'name',
  'volumes',
  'ports',
  'port',
  'labels',
  'toString',
  '__defineGetter__',
];
const json: fc.Arbitrary<JsonValue> = fc.letrec<{ value: JsonValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 6 },
    fc.constantFrom<JsonValue>(null, true, 0, 1.5, '', 'root', 'TCP', {}, []),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(fc.constantFrom(...names), tie('value'), { maxKeys: 4, noNullPrototype: true }),
  ),
})).value;
const objects = json.map(
  (spec) => ({ apiVersion: 'sample/v1', kind: 'X', metadata: { name: 'x', uid: 'u' }, spec }) as KubernetesObject,
);
const fields: fc.Arbitrary<JsonValue> = fc.letrec<{ value: JsonValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 5 },
    fc.constantFrom<JsonValue>({}, {}, {}, 1, null),
    fc.dictionary(
      fc.oneof(
        fc.constantFrom(...names.map((name) => `f:${name}`), '.', 'k:{"name":"root"}', 'v:1', 'i:0', 'f:__proto__'),
        fc.string({ maxLength: 4 }),
      ),
      tie('value'),
      { maxKeys: 4, noNullPrototype: true },
    ),
  ),
})).value;
const entries = fc.array(
  fc.record({
    manager: fc.constantFrom('a', 'b'),
    operation: fc.constantFrom('Apply', 'Update'),
    apiVersion: fc.constantFrom('sample/v1', 'sample/v0'),
    fieldsType: fc.constant('FieldsV1'),
    fieldsV1: fields,
  }),
  { maxLength: 3 },
) as fc.Arbitrary<ManagedFieldsEntry[]>;

test('whatever clients send as owners is read or refused, and stands in no write’s way', () => {
  let read = 0;
  fc.assert(
    fc.property(entries, objects, objects, fc.boolean(), (sent, live, configuration, force) => {
      const before = JSON.stringify([live, configuration]);
      const decoded = decodeManagedFields(sent);
      if (decoded === 'undecodable') return;
      read += 1;
      const changes = changesOf(ownablePart(live, 'main'), ownablePart(configuration, 'main'), shape);
      for (const entry of managersAfterUpdate(decoded, changes, writer('c', { operation: 'Update' }))) {
        assert.notEqual(decodeManagedFields([entry]), 'undecodable', 'what is written can be read');
      }
      try {
        const applied = applyConfiguration({
          live,
          configuration,
          shape,
          entries: decoded,
          writer: writer('a'),
          part: 'main',
          force,
        });
        if (applied.kind === 'applied') assert.equal(applied.object.metadata.uid, 'u');
      } catch (error) {
        assert.ok(error instanceof ConfigurationError, String(error));
      }
      assert.equal(JSON.stringify([live, configuration]), before, 'nothing that was given is changed');
    }),
    { numRuns: 500 },
  );
  assert.ok(read > 50);
});

test('names that every object inherits are fields like any other', () => {
  const made = (spec: JsonObject) => ({ apiVersion: 'v', kind: 'X', metadata: {}, spec }) as KubernetesObject;
  const { changed, removed } = changesOf(
    ownablePart(made({}), 'main'),
    ownablePart(made({ toString: 'x', constructor: { prototype: 1 } }), 'main'),
    { kind: 'any' },
  );
  assert.deepEqual(changed, {
    'f:spec': { 'f:constructor': { '.': {}, 'f:prototype': {} }, 'f:toString': {} },
  });
  assert.equal(removed, undefined);
});
