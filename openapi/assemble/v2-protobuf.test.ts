import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sampleOptions, sampleResources } from './testing/sample-resources.ts';
import { openApiV2 } from './v2.ts';
import { openApiV2Protobuf } from './v2-protobuf.ts';

/** Delimited fields with that number, and the varints; enough of a reader to look into the message. */
function fields(bytes: Buffer, wanted: number): Buffer[] {
  const found: Buffer[] = [];
  let at = 0;
  const varint = () => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = bytes.readUInt8(at++);
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
  };
  while (at < bytes.length) {
    const tag = varint();
    const start = at;
    let end = at;
    if (tag % 8 === 0) {
      varint();
      end = at;
    } else if (tag % 8 === 1) {
      end = at + 8;
    } else {
      assert.equal(tag % 8, 2, `wire type of ${tag}`);
      const size = varint();
      end = at + size;
      if (Math.floor(tag / 8) === wanted) found.push(bytes.subarray(at, end));
      at = end;
      continue;
    }
    at = end;
    if (Math.floor(tag / 8) === wanted) found.push(bytes.subarray(start, end));
  }
  return found;
}

/** Follows numbers into messages; the fields at the end of the way. */
function at(bytes: Buffer, ...way: number[]): Buffer[] {
  return way.reduce<Buffer[]>((level, number) => level.flatMap((one) => fields(one, number)), [bytes]);
}

const texts = (found: Buffer[]) => found.map((one) => one.toString());

function entry(entries: Buffer[], name: string): Buffer {
  const found = entries.find((one) => texts(fields(one, 1))[0] === name);
  assert.ok(found, name);
  return at(found, 2)[0] as Buffer;
}

const json = openApiV2(sampleResources, sampleOptions) as {
  paths: Record<string, unknown>;
  definitions: Record<string, { properties?: Record<string, unknown> }>;
};
const bytes = openApiV2Protobuf(json);

test('the same document gives the same bytes', () => {
  assert.ok(bytes.equals(openApiV2Protobuf(openApiV2(sampleResources, sampleOptions))));
});

test('every path, definition and property is there, in the order of the JSON', () => {
  assert.deepEqual(texts(at(bytes, 1)), ['2.0']);
  assert.deepEqual(texts(at(bytes, 2, 2)), [sampleOptions.version]);
  assert.deepEqual(texts(at(bytes, 8, 2, 1)), Object.keys(json.paths));
  const definitions = at(bytes, 9, 1);
  assert.deepEqual(texts(at(bytes, 9, 1, 1)), Object.keys(json.definitions));
  for (const [name, { properties }] of Object.entries(json.definitions))
    assert.deepEqual(texts(at(entry(definitions, name), 25, 1, 1)), Object.keys(properties ?? {}), name);
});

test('a schema: types, references, arrays, maps, and extensions as YAML', () => {
  const definitions = at(bytes, 9, 1);
  const machine = entry(definitions, 'dev.torpor.v1alpha1.VirtualMachine');
  assert.deepEqual(texts(at(machine, 22, 1)), ['object']);
  const properties = at(machine, 25, 1);
  assert.deepEqual(texts(at(entry(properties, 'spec'), 1)), ['#/definitions/dev.torpor.v1alpha1.VirtualMachineSpec']);
  assert.deepEqual(texts(at(machine, 31, 1)), ['x-kubernetes-group-version-kind']);
  assert.deepEqual(texts(at(machine, 31, 2, 2)), [
    '[{"group":"torpor.dev","version":"v1alpha1","kind":"VirtualMachine"}]\n',
  ]);
  const meta = at(entry(definitions, 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta'), 25, 1);
  assert.deepEqual(texts(at(entry(meta, 'labels'), 21, 1, 22, 1)), ['string']);
  assert.deepEqual(texts(at(entry(meta, 'finalizers'), 23, 1, 22, 1)), ['string']);
});

test('an operation: kind, parameters by their place, body and answers', () => {
  const path = '/apis/torpor.dev/v1alpha1/namespaces/{namespace}/virtualmachines/{name}';
  const item = entry(at(bytes, 8, 2), path);
  assert.deepEqual(texts(at(item, 9, 1, 2, 4, 4)), ['namespace', 'name']);
  assert.deepEqual(texts(at(item, 9, 1, 2, 3, 4)), ['pretty']);
  const [patch] = fields(item, 8);
  assert.ok(patch);
  assert.deepEqual(texts(at(patch, 8, 1, 1, 5, 1)), ['#/definitions/io.k8s.apimachinery.pkg.apis.meta.v1.Patch']);
  assert.ok(texts(at(patch, 8, 1, 2, 3, 4)).includes('dryRun'));
  assert.deepEqual(texts(at(patch, 9, 1, 1)), ['200', '201', '401', 'default']);
  const definition = '#/definitions/dev.torpor.v1alpha1.VirtualMachine';
  const status = '#/definitions/io.k8s.apimachinery.pkg.apis.meta.v1.Status';
  assert.deepEqual(texts(at(patch, 9, 1, 2, 1, 2, 1, 1)), [definition, definition, status, status]);
  assert.deepEqual(texts(at(patch, 13, 2, 2)), [
    '"patch"\n',
    '{"group":"torpor.dev","version":"v1alpha1","kind":"VirtualMachine"}\n',
  ]);
});

test('numbers, empty objects and booleans keep what they say', () => {
  const schema = (value: unknown) => at(openApiV2Protobuf({ definitions: { a: value } }), 9, 1, 2)[0]?.toString('hex');
  assert.equal(schema({ minimum: 1 }), '49000000000000f03f');
  assert.equal(schema({ maxLength: 63 }), '583f');
  assert.equal(schema({ properties: {} }), 'ca0100');
  assert.equal(schema({ additionalProperties: false }), 'aa01021000');
  assert.equal(schema({ default: 'yes' }), `2a08${Buffer.from('\x12\x06"yes"\n').toString('hex')}`);
  assert.equal(schema({ enum: [1] }), `a20104${Buffer.from('\x12\x021\n').toString('hex')}`);
});

test('what version 2 has no room for is refused, with its place', () => {
  const refused = (definition: unknown) => () => openApiV2Protobuf({ definitions: { a: definition } });
  assert.throws(refused({ nullable: true }), /no room for #\/definitions\/a\/nullable/);
  assert.throws(refused({ properties: { b: { oneOf: [] } } }), /definitions\/a\/properties\/b\/oneOf/);
  assert.throws(
    refused({ type: ['string', 'null'] }),
    /#\/definitions\/a\/type of the OpenAPI document is not a string/,
  );
  assert.throws(refused({ maxLength: 1.5 }), /maxLength of the OpenAPI document is not a whole number/);
  const paths = { '/x': { parameters: [{ in: 'cookie', name: 'c' }] } };
  assert.throws(() => openApiV2Protobuf({ paths }), /\/x\/parameters\/0 .* parameter in cookie/);
});
