import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cableMac, guestMac, normalizeMac } from './mac-address.ts';

test('a guest keeps its address, and no two share one', () => {
  assert.equal(guestMac('uid', 'default'), guestMac('uid', 'default'));
  const many = new Set(Array.from({ length: 5000 }, (_, index) => guestMac(`uid-${index}`, 'default')));
  assert.equal(many.size, 5000);
  for (const mac of many) {
    const first = Number.parseInt(mac.slice(0, 2), 16);
    assert.equal(first & 3, 2, `${mac} is locally administered and unicast`);
    assert.notEqual(first, 2, 'it is no cable of ours');
    assert.equal(normalizeMac(mac), mac);
  }
});

test('the ends of a cable differ', () => {
  assert.equal(cableMac('10.127.1.46', 'host'), '02:01:0a:7f:01:2e');
  assert.equal(cableMac('10.127.1.46', 'sandbox'), '02:02:0a:7f:01:2e');
});

test('addresses of people are brought into one form or refused', () => {
  assert.equal(normalizeMac('52-54-00-AB-cd-01'), '52:54:00:ab:cd:01');
  for (const bad of [
    '',
    '52:54:00:ab:cd',
    '52:54:00:ab:cd:0g',
    '01:00:5e:00:00:01',
    '00:00:00:00:00:00',
    'ff:ff:ff:ff:ff:ff',
  ]) {
    assert.equal(normalizeMac(bad), undefined, bad);
  }
});
