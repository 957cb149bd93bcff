import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ProtobufWriter } from './protobuf-writer.ts';

function hex(write: (writer: ProtobufWriter) => void): string {
  const writer = new ProtobufWriter();
  write(writer);
  return writer.bytes().toString('hex');
}

test('fields have the bytes of the encoding guide', () => {
  assert.equal(
    hex((writer) => writer.unsigned(1, 150)),
    '089601',
  );
  assert.equal(
    hex((writer) => writer.string(2, 'testing')),
    '120774657374696e67',
  );
  assert.equal(
    hex((writer) => writer.message(3, () => writer.unsigned(1, 150))),
    '1a03089601',
  );
  assert.equal(
    hex((writer) => writer.double(7, 1.5)),
    '39000000000000f83f',
  );
  assert.equal(
    hex((writer) => writer.boolean(16, true)),
    '800101',
  );
  assert.equal(
    hex((writer) => writer.string(1, 'ü')),
    '0a02c3bc',
  );
});

test('a varint keeps numbers above 32 bits', () => {
  assert.equal(
    hex((writer) => writer.unsigned(1, Number.MAX_SAFE_INTEGER)),
    '08ffffffffffffff0f',
  );
  assert.throws(() => hex((writer) => writer.unsigned(1, -1)), RangeError);
  assert.throws(() => hex((writer) => writer.unsigned(1, 1.5)), RangeError);
});

test('PW1: zero values are left out, messages and members of lists and oneofs are not', () => {
  const nothing = (writer: ProtobufWriter) => {
    writer.string(1, '');
    writer.boolean(2, false);
    writer.double(3, 0);
    writer.unsigned(4, 0);
  };
  assert.equal(hex(nothing), '');
  assert.equal(
    hex((writer) => writer.message(1, () => nothing(writer))),
    '0a00',
  );
  assert.equal(
    hex((writer) => writer.item(1, '')),
    '0a00',
  );
  assert.equal(
    hex((writer) => writer.presentBoolean(2, false)),
    '1000',
  );
});

test('a message that is larger than the buffer has its length before it', () => {
  const text = 'x'.repeat(300_000);
  const bytes = Buffer.from(
    hex((writer) => writer.message(1, () => writer.string(1, text))),
    'hex',
  );
  // 300 004 = tag, three bytes of length, text.
  assert.equal(bytes.subarray(0, 8).toString('hex'), '0ae4a7120ae0a712');
  assert.equal(bytes.length, 300_008);
  assert.equal(bytes.subarray(8).toString(), text);
});
