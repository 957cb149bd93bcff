import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { addressSlot, sandboxRange, slotAddress } from './addresses.ts';

describe('addresses of sandboxes', () => {
  test('begin after the host and end before the broadcast address', () => {
    assert.deepEqual(sandboxRange('10.127.0.0/16'), {
      cidr: '10.127.0.0/16',
      hostAddress: '10.127.0.1',
      capacity: 65533,
    });
    assert.equal(slotAddress('10.127.0.0/16', 0), '10.127.0.2');
    assert.equal(slotAddress('10.127.0.0/16', 300), '10.127.1.46');
    assert.equal(slotAddress('10.127.0.0/16', 65532), '10.127.255.254');
    assert.equal(slotAddress('192.168.1.16/28', 12), '192.168.1.30');
    assert.throws(() => slotAddress('192.168.1.16/28', 13), /holds 13 machines; there is no slot 13/);
    assert.throws(() => slotAddress('10.127.0.0/16', -1), RangeError);
    assert.throws(() => slotAddress('10.127.0.0/16', 0.5), RangeError);
  });

  test('lead back to their slots', () => {
    for (const slot of [0, 1, 253, 254, 255, 65532]) {
      assert.equal(addressSlot('10.127.0.0/16', slotAddress('10.127.0.0/16', slot)), slot);
    }
    for (const stranger of ['10.127.0.1', '10.127.0.0', '10.127.255.255', '10.128.0.2', 'x']) {
      assert.equal(addressSlot('10.127.0.0/16', stranger), undefined);
    }
  });

  test('need a proper network', () => {
    for (const [cidr, message] of [
      ['10.127.0.0', /is not an IPv4 network/],
      ['10.127.0.300/16', /is not an IPv4 network/],
      ['fd00::/64', /is not an IPv4 network/],
      ['10.127.0.5/16', /does not begin at a multiple/],
      ['10.127.0.0/30', /must have a prefix/],
      ['0.0.0.0/0', /must have a prefix/],
    ] as const) {
      assert.throws(() => sandboxRange(cidr), message);
    }
  });
});
