import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chooseFraming, type Framing } from './framing.ts';

function framing(protocol: string): Framing {
  const found = chooseFraming([protocol]);
  assert.ok(found);
  return found;
}

test('the client chooses among what is known, in its own order', () => {
  assert.equal(chooseFraming(['x', 'v4.channel.k8s.io', 'plain.kubevirt.io'])?.protocol, 'v4.channel.k8s.io');
  assert.equal(chooseFraming([])?.protocol, 'plain.kubevirt.io');
  assert.equal(chooseFraming(['x']), undefined);
});

test('plain messages are bytes both ways', () => {
  const plain = framing('plain.kubevirt.io');
  assert.deepEqual(plain.output(Buffer.from('a')), Buffer.from('a'));
  assert.deepEqual(plain.input(Buffer.from([4, 1])), { kind: 'bytes', bytes: Buffer.from([4, 1]) });
  assert.equal(plain.closing('over'), undefined);
});

test('channels carry input, output and the size of the terminal', () => {
  const v5 = framing('v5.channel.k8s.io');
  assert.deepEqual(v5.output(Buffer.from('a')), Buffer.from('\x01a'));
  assert.deepEqual(v5.input(Buffer.from('\x00ls')), { kind: 'bytes', bytes: Buffer.from('ls') });
  assert.deepEqual(v5.input(Buffer.from('\x04{"Width":80,"Height":24}')), { kind: 'size', columns: 80, rows: 24 });
  assert.equal(v5.closing('over')?.[0], 3);
});

test('only version 5 can say that input ends', () => {
  assert.deepEqual(framing('v5.channel.k8s.io').input(Buffer.from([255, 0])), { kind: 'end' });
  assert.equal(framing('v4.channel.k8s.io').input(Buffer.from([255, 0])).kind, 'invalid');
});

test('nonsense is refused with a reason', () => {
  const v4 = framing('v4.channel.k8s.io');
  for (const body of [
    '\x04',
    '\x04{}',
    '\x04{"Width":0,"Height":1}',
    '\x04{"Width":"80","Height":24}',
    '\x01x',
    '\x07x',
  ])
    assert.equal(v4.input(Buffer.from(body)).kind, 'invalid', JSON.stringify(body));
});
