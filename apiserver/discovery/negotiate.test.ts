import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { StatusError } from '../../openapi/machinery/errors.ts';
import { aggregatedMediaType, discoveryForm, openApiV2Form, plainForm } from './negotiate.ts';

const v2 = aggregatedMediaType('v2');
const refused = (error: unknown) => error instanceof StatusError && error.code === 406;

test('the first clause that there is, by quality and then in the order of the client', () => {
  assert.deepEqual(discoveryForm(`${v2};q=0.5, application/yaml;q=0.7`), { kind: 'plain', media: 'application/yaml' });
  assert.deepEqual(discoveryForm(`text/html, ${v2}, */*`), { kind: 'aggregated', version: 'v2' });
  assert.equal(plainForm(`${v2}, application/yaml`), 'application/yaml');
  assert.equal(openApiV2Form('text/html, */*;q=0.1'), 'json');
});

test('whoever says nothing takes JSON; a clause of quality 0 is none', () => {
  for (const nothing of [undefined, '', '  ']) {
    assert.deepEqual(discoveryForm(nothing), { kind: 'plain', media: 'application/json' });
    assert.equal(plainForm(nothing), 'application/json');
    assert.equal(openApiV2Form(nothing), 'json');
  }
  for (const form of [discoveryForm, plainForm, openApiV2Form])
    assert.throws(() => form('application/json;q=0, text/html'), refused);
});

test('YAML of the aggregated document is not there, nor are other documents in its place', () => {
  assert.throws(() => discoveryForm(v2.replace('json', 'yaml')), refused);
  assert.throws(() => discoveryForm('application/json;as=Table;g=meta.k8s.io;v=v1'), refused);
  assert.throws(() => plainForm(v2), refused);
});

test('whatever a client sends, it gets a form or 406', () => {
  const part = fc.constantFrom(
    'application/json',
    '*/*',
    'as=',
    'v=v2',
    'g=apidiscovery.k8s.io',
    ';',
    ',',
    '=',
    'q=',
    '__proto__',
    '"',
  );
  const header = fc.oneof(
    fc.string(),
    fc.array(fc.oneof(part, fc.string())).map((parts) => parts.join('')),
  );
  fc.assert(
    fc.property(header, (accept) => {
      for (const form of [discoveryForm, plainForm, openApiV2Form]) {
        try {
          form(accept);
        } catch (error) {
          assert.equal(refused(error), true, String(error));
        }
      }
    }),
  );
  assert.throws(() => discoveryForm(`${'text/html,'.repeat(100_000)}application/json`), refused);
});
