import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { decodeRange, decodeTxn, encodeRange, encodeTxn } from './messages.ts';
import { fieldsOf, MessageWriter } from './protobuf.ts';

const key = Buffer.from('k');
const header = new MessageWriter().number(1, 2n ** 63n + 5n).number(3, 300n);
const pair = new MessageWriter().bytes(1, key).number(3, 7n).number(4, 2n).bytes(5, Buffer.from('v'));

describe('messages of etcd’s KV service', () => {
  it('come back as they were written, numbers of 64 bits and bytes of any length', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 1n, max: 2n ** 64n - 1n }), fc.uint8Array({ maxLength: 400 }), (number, bytes) => {
        const message = new MessageWriter().number(3, number).bytes(15, bytes).finish();
        assert.deepEqual(
          [...fieldsOf(message)].map((field) => [field.field, field.number, [...field.bytes]]),
          [
            [3, number, []],
            [15, 0n, [...bytes]],
          ],
        );
      }),
    );
  });

  it('a get is its key, behind the bytes that the caller wants free', () => {
    assert.deepEqual([...encodeRange(key)], [0x0a, 1, 0x6b]);
    assert.equal(encodeRange(key, 5).length, 8);
  });

  it('a transaction has its conditions and both branches', () => {
    const message = encodeTxn({
      compare: [
        { key, target: 'Mod', result: 'Equal', mod_revision: '300' },
        { key, target: 'Version', result: 'Equal', version: '0' },
      ],
      success: [{ request_put: { key, value: Buffer.alloc(0) } }, { request_delete_range: { key } }],
      failure: [{ request_range: { key } }],
    });
    const shown = [...fieldsOf(message)].map(({ field, bytes }) => `${field}:${bytes.toString('hex')}`);
    assert.deepEqual(shown, ['1:10021a016b30ac02', '1:1a016b', '2:12050a016b1200', '2:1a030a016b', '3:0a030a016b']);
  });

  it('throws rather than leave a part of a request out', () => {
    const ranged = { request_range: { key, limit: 3 } };
    assert.throws(() => encodeTxn({ compare: [], success: [ranged], failure: [] }), TypeError);
    const leased = { request_put: { key, value: key, lease: '4' } };
    assert.throws(() => encodeTxn({ compare: [], success: [leased], failure: [] }), TypeError);
    const greater = { key, target: 'Mod' as const, result: 'Greater' as const, mod_revision: '1' };
    assert.throws(() => encodeTxn({ compare: [greater], success: [], failure: [] }), TypeError);
  });

  it('reads answers, with revisions beyond what a double holds', () => {
    const range = decodeRange(new MessageWriter().message(1, header).message(2, pair).number(4, 1).finish());
    assert.equal(range.header.revision, '300');
    assert.equal(range.header.cluster_id, String(2n ** 63n + 5n));
    assert.deepEqual(
      range.kvs.map(({ key: name, value, mod_revision, version }) => [`${name}`, `${value}`, mod_revision, version]),
      [['k', 'v', '7', '2']],
    );
    const found = new MessageWriter().message(1, new MessageWriter().message(2, pair));
    const put = new MessageWriter().message(2, new MessageWriter());
    const txn = decodeTxn(
      new MessageWriter().message(1, header).number(2, 1).message(3, found).message(3, put).finish(),
    );
    assert.equal(txn.succeeded, true);
    assert.deepEqual(
      txn.responses.map(({ response_range }) => response_range.kvs.length),
      [1, 0],
    );
    assert.equal(decodeTxn(new MessageWriter().message(1, header).finish()).succeeded, false);
  });

  it('refuses what is cut off or no message, and never reads beyond its end', () => {
    const whole = new MessageWriter().message(1, header).message(2, pair).finish();
    for (let length = 0; length < whole.length; length += 1) {
      const part = whole.subarray(0, length);
      try {
        decodeRange(part);
      } catch (error) {
        assert.ok(error instanceof RangeError, `${length}: ${error}`);
      }
    }
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        try {
          decodeTxn(Buffer.from(bytes));
        } catch (error) {
          assert.ok(error instanceof RangeError);
        }
      }),
    );
  });
});
