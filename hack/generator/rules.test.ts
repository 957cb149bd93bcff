import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { readDocuments } from './documents.ts';
import { checkSchema } from './rules.ts';
import { types } from './types.ts';
import { validators } from './validators.ts';

const real = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../openapi/documents');

async function reading(files: Record<string, string>): Promise<string> {
  const directory = await mkdtemp(path.join(tmpdir(), 'torpor-documents-'));
  try {
    for (const [name, schemas] of Object.entries(files)) {
      const head =
        'openapi: 3.0.0\ninfo: {title: t, version: v, x-torpor-prefix: p}\npaths: {}\ncomponents:\n  schemas:\n';
      await writeFile(path.join(directory, name), head + schemas.replace(/^/gm, '    '));
    }
    await readDocuments(directory);
    return '';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

test('the documents in the tree keep the rules and give the same output twice', async () => {
  const documents = await readDocuments(real);
  assert.ok(documents.size > 100);
  assert.equal(validators(documents).code, validators(await readDocuments(real)).code);
  assert.equal(await types(documents), await types(await readDocuments(real)));
});

test('faults are named with file and place, all at once', async () => {
  const text = await reading({
    'a.yaml':
      'Thing: {type: object, description: d, properties: {x: {type: string}, y: {$ref: "b.yaml#/components/schemas/No"}}}',
    'b.yaml': 'Thing: {type: object, description: d}',
  });
  assert.match(text, /a\.yaml: Thing\.x: description is missing/);
  assert.match(text, /a\.yaml: Thing\.y: b\.yaml has no schema No/);
  assert.match(text, /b\.yaml: Thing stands in a\.yaml already/);
});

test('a reference of another form and broken YAML are faults', async () => {
  assert.match(
    await reading({
      'a.yaml': 'Thing: {type: object, description: d, properties: {y: {description: d, allOf: [{$ref: Other}]}}}',
    }),
    /Other is no reference of the form/,
  );
  assert.match(await reading({ 'a.yaml': 'Thing: {type: [' }), /a\.yaml: /);
});

test('what one reader would not understand is refused', () => {
  const cases: [schema: Record<string, unknown>, fault: RegExp][] = [
    [{ type: 'object', anyOf: [] }, /anyOf is not understood everywhere/],
    [{ type: 'string', format: 'email' }, /format email is unknown/],
    [{ type: 'integer' }, /format int32 or int64 is missing/],
    [{ type: 'array', 'x-kubernetes-list-type': 'set' }, /items are missing/],
    [{ type: 'array', items: { type: 'string' } }, /x-kubernetes-list-type is missing/],
    [
      { type: 'array', items: { type: 'object' }, 'x-kubernetes-list-type': 'map' },
      /list-map-keys belong to list type map/,
    ],
    [{ type: 'object', required: ['gone'] }, /required gone is no property/],
    [{ allOf: [{ $ref: 'a' }, { $ref: 'b' }] }, /allOf is for one reference/],
    [{ allOf: [{ $ref: 'a' }], type: 'object' }, /allOf and type exclude each other/],
    [{ $ref: 'a' }, /put \$ref into allOf beside other keywords/],
  ];
  for (const [schema, fault] of cases) {
    assert.match(checkSchema({ description: 'd', ...schema }, 'here').join('\n'), fault);
  }
});
