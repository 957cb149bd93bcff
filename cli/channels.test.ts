import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { framingOf } from './channels.ts';

describe('framing', () => {
  it('puts input on channel 0 and the window size on channel 4', () => {
    for (const protocol of ['v5.channel.k8s.io', 'v4.channel.k8s.io']) {
      const framing = framingOf(protocol);
      assert.deepEqual(framing.input(Buffer.from('ls\r')), Buffer.from('\0ls\r'));
      assert.deepEqual(
        framing.resize({ columns: 80, rows: 24 }),
        Buffer.concat([Buffer.from([4]), Buffer.from('{"Width":80,"Height":24}')]),
      );
    }
  });

  it('tells output, errors and the rest apart', () => {
    const framing = framingOf('v5.channel.k8s.io');
    assert.deepEqual(framing.incoming(Buffer.from('\x01hello')), { kind: 'output', bytes: Buffer.from('hello') });
    const status = JSON.stringify({ kind: 'Status', status: 'Failure', message: 'taken over' });
    assert.deepEqual(framing.incoming(Buffer.from(`\x03${status}`)), { kind: 'error', text: 'taken over' });
    assert.deepEqual(framing.incoming(Buffer.from('\x03{"status":"Success"}')), { kind: 'error', text: '' });
    assert.deepEqual(framing.incoming(Buffer.from('\x03plain words')), { kind: 'error', text: 'plain words' });
    assert.deepEqual(framing.incoming(Buffer.from([3])), { kind: 'ignored' });
    assert.deepEqual(framing.incoming(Buffer.from([255, 1])), { kind: 'ignored' });
    assert.deepEqual(framing.incoming(Buffer.alloc(0)), { kind: 'ignored' });
  });

  it('passes bytes as they are without channels, and says no size', () => {
    const framing = framingOf('plain.kubevirt.io');
    assert.deepEqual(framing.input(Buffer.from('x')), Buffer.from('x'));
    assert.equal(framing.resize({ columns: 80, rows: 24 }), undefined);
    assert.deepEqual(framing.incoming(Buffer.from('\x01a')), { kind: 'output', bytes: Buffer.from('\x01a') });
  });

  it('refuses a protocol that was not offered', () => {
    assert.throws(() => framingOf('v1.other'), /was not offered/);
  });
});
