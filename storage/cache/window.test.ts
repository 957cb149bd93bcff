import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Item } from './cache.ts';
import { SharedEvent } from './event.ts';
import { EventWindow } from './window.ts';

const limits = { maxEvents: 5, maxBytes: 10_000, minEvents: 2, encodedEvents: 3, encodedBytes: 1_000_000 };

function item(bytes: number): Item<null, null> {
  return { key: '/a', revision: 1n, bytes: Buffer.alloc(bytes), summary: null, object: null };
}

function event(revision: number, bytes = 0) {
  return new SharedEvent<null, null>('/a', BigInt(revision), item(bytes), item(bytes));
}

describe('the event window', () => {
  it('holds every event above its floor and finds the first one after a revision', () => {
    const window = new EventWindow<null, null>(10n, limits);
    assert.equal(window.after(10n), window.next);
    for (const revision of [11, 12, 12, 14]) window.push(event(revision));
    assert.equal(window.floor, 10n);
    assert.equal(window.at(window.after(11n))?.revision, 12n);
    assert.equal(window.at(window.after(12n))?.revision, 14n);
    assert.equal(window.after(14n), window.next);
    for (const revision of [15, 16, 17]) window.push(event(revision));
    assert.equal(window.floor, 12n);
    assert.equal(window.next - window.first, 5);
    assert.equal(window.at(window.first - 1), undefined);
  });

  it('is bounded by the bytes of superseded items, but keeps a few events always', () => {
    const window = new EventWindow<null, null>(0n, limits);
    for (let revision = 1; revision <= 4; revision += 1) window.push(event(revision, 6_000));
    assert.equal(window.next - window.first, 2);
    assert.equal(window.floor, 2n);
    assert.ok(window.bytes > 12_000 && window.bytes < 13_000);
  });

  it('keeps numbers valid over thousands of events and after clearing', () => {
    const window = new EventWindow<null, null>(0n, limits);
    for (let revision = 1; revision <= 5_000; revision += 1) window.push(event(revision));
    assert.equal(window.at(window.next - 1)?.revision, 5_000n);
    assert.equal(window.first, window.next - 5);
    const behind = window.first;
    window.clear(6_000n);
    assert.ok(behind < window.first);
    assert.equal(window.first, window.next);
    window.push(event(6_001));
    assert.equal(window.at(window.first)?.revision, 6_001n);
  });

  it('gives up encodings of older events, by number and by size (C11)', () => {
    const encode = (of: SharedEvent<null, null>): boolean => {
      let made = 0;
      const form = (): Buffer => {
        made += 1;
        return Buffer.from('x');
      };
      of.encoded('json', form);
      of.encoded('json', form);
      return made === 1;
    };
    const window = new EventWindow<null, null>(0n, limits);
    const events = [1, 2, 3, 4].map((revision) => event(revision));
    for (const pushed of events) window.push(pushed);
    assert.deepEqual(events.map(encode), [false, true, true, true]);
    const large = new EventWindow<null, null>(0n, { ...limits, maxBytes: 1e9, encodedBytes: 100 });
    const [first, second] = [event(1, 80), event(2, 80)];
    large.push(first);
    large.push(second);
    assert.deepEqual([encode(first), encode(second)], [false, true]);
  });
});
