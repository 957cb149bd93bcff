import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { jsonOfProtobuf, ProtobufError } from './protobuf.ts';

const field = (number: number, ...parts: (string | Buffer)[]) => {
  const body = Buffer.concat(parts.map((part) => Buffer.from(part as string)));
  return Buffer.concat([Buffer.from([(number << 3) | 2]), length(body.length), body]);
};
const length = (value: number): Buffer =>
  value < 128 ? Buffer.from([value]) : Buffer.from([(value & 0x7f) | 0x80, value >> 7]);
const envelope = (apiVersion: string, kind: string, raw: Buffer) =>
  Buffer.concat([
    Buffer.from('k8s\0'),
    field(1, field(1, apiVersion), field(2, kind)),
    field(2, raw),
    field(3),
    field(4),
  ]);
const read = (body: Buffer) => JSON.parse(jsonOfProtobuf(body).toString());

test('an object becomes the JSON that the client would send otherwise', () => {
  const metadata = field(
    1,
    field(1, 'a'),
    field(3, 'ns'),
    field(8, Buffer.from([8, 0x80, 0x94, 0xeb, 0xdc, 3])),
    field(11, field(1, 'k'), field(2, 'v')),
  );
  const secret = Buffer.concat([
    metadata,
    field(2, field(1, 'x'), field(2, Buffer.from([0, 255]))),
    field(3, 'Opaque'),
    Buffer.from([5 << 3, 1]),
    field(15, 'unknown'),
  ]);
  assert.deepEqual(read(envelope('v1', 'Secret', secret)), {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'a', namespace: 'ns', creationTimestamp: '2001-09-09T01:46:40Z', labels: { k: 'v' } },
    data: { x: 'AP8=' },
    type: 'Opaque',
    immutable: true,
  });
});

test('what is not set is left out, an empty value of a map is kept, a key named __proto__', () => {
  const map = field(2, field(1, '__proto__'), field(2, 'p'));
  const text = jsonOfProtobuf(
    envelope('v1', 'ConfigMap', Buffer.concat([field(1, field(8)), map, field(2, field(1, 'empty'))])),
  ).toString();
  assert.equal(text, '{"apiVersion":"v1","kind":"ConfigMap","metadata":{},"data":{"__proto__":"p","empty":""}}');
});

test('other kinds are told apart from what is broken', () => {
  assert.throws(
    () => read(envelope('v1', 'Pod', Buffer.alloc(0))),
    (error) => error instanceof ProtobufError && error.kind === 'unknown kind',
  );
  assert.throws(
    () => read(envelope('v1', 'constructor', Buffer.alloc(0))),
    (error) => error instanceof ProtobufError && error.kind === 'unknown kind',
  );
  for (const body of ['', 'k8s', '{"kind":"Secret"}']) {
    assert.throws(
      () => read(Buffer.from(body)),
      (error) => error instanceof ProtobufError && error.kind === 'malformed',
    );
  }
});

test('property: whatever bytes come, there is JSON or a ProtobufError', () => {
  const valid = envelope(
    'v1',
    'ClusterRole',
    Buffer.concat([
      field(1, field(1, 'a')),
      field(2, field(1, 'get')),
      field(3, field(1, field(1, field(1, 'k'), field(2, 'v')))),
    ]),
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), fc.nat(valid.length), fc.nat(16), (noise, at, cut) => {
      const body = Buffer.concat([
        valid.subarray(0, at),
        Buffer.from(noise),
        valid.subarray(Math.min(valid.length, at + cut)),
      ]);
      try {
        read(body);
      } catch (error) {
        assert.ok(error instanceof ProtobufError, String(error));
      }
    }),
    { numRuns: 3000 },
  );
});
