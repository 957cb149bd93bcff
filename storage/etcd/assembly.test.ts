import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { IEvent, IWatchResponse } from 'etcd3';
import type { WatchBatch } from '../store.ts';
import { WatchAssembly } from './assembly.ts';
import { Layout } from './layout.ts';

const layout = new Layout('/t');

function response(revision: number, events: readonly IEvent[], more: Partial<IWatchResponse> = {}): IWatchResponse {
  const header = { cluster_id: '1', member_id: '1', raft_term: '1', revision: String(revision) };
  const plain = {
    watch_id: '0',
    created: false,
    canceled: false,
    compact_revision: '0',
    cancel_reason: '',
    fragment: false,
  };
  return { header, ...plain, events: [...events], ...more };
}

function pair(key: string, created: number, modified: number) {
  const revisions = { create_revision: String(created), mod_revision: String(modified) };
  return { key: Buffer.from(`/t${key}`), value: Buffer.from(String(modified)), version: '1', lease: '0', ...revisions };
}

/** A put of `key` at `revision`; `created` is an earlier revision when it was there before. */
function putEvent(key: string, revision: number, created = revision, previous = created < revision): IEvent {
  const prev_kv = previous ? pair(key, created, created) : null;
  return { type: 'Put', kv: pair(key, created, revision), prev_kv: prev_kv as IEvent['prev_kv'] };
}

function removal(key: string, revision: number, previous: boolean): IEvent {
  const prev_kv = previous ? pair(key, 1, 1) : null;
  return {
    type: 'Delete',
    kv: { ...pair(key, 0, revision), create_revision: '0' },
    prev_kv: prev_kv as IEvent['prev_kv'],
  };
}

function say(batch: WatchBatch | undefined): string {
  if (batch === undefined) return 'nothing';
  if (batch.kind === 'expired') return `expired ${batch.compacted}`;
  if (batch.kind === 'progress') return `progress ${batch.revision}`;
  const events = batch.events.map((event) => (event.kind === 'put' ? `+${event.entry.key}` : `-${event.previous.key}`));
  return `${events.join(' ')} up to ${batch.revision}`;
}

describe('the assembly of watch responses', () => {
  it('A1: the answer to the create request and the header beside events move nothing', () => {
    const assembly = new WatchAssembly(layout, '/', 10n);
    assert.equal(say(assembly.accept(response(500, [], { created: true }))), 'nothing');
    assert.equal(assembly.seen, 10n);
    assert.equal(say(assembly.accept(response(500, [putEvent('/a', 11)]))), '+/a up to 11');
    assert.equal(assembly.seen, 11n);
    assert.equal(say(assembly.accept(response(500, []))), 'progress 500');
    assert.equal(say(assembly.accept(response(500, []))), 'nothing');
  });

  it('A2: fragments are joined where a revision was cut', () => {
    const assembly = new WatchAssembly(layout, '/', 10n);
    const first = response(20, [putEvent('/a', 11), putEvent('/b', 12)], { fragment: true });
    assert.equal(say(assembly.accept(first)), '+/a up to 11');
    assert.equal(say(assembly.accept(response(20, [putEvent('/c', 12)], { fragment: true }))), 'nothing');
    // Progress must not pass what is held back.
    assert.equal(say(assembly.accept(response(20, []))), 'nothing');
    assert.equal(
      say(assembly.accept(response(20, [putEvent('/d', 12), putEvent('/e', 13)]))),
      '+/b +/c +/d +/e up to 13',
    );
  });

  it('A2: after a break the held events come again and are told once', () => {
    const assembly = new WatchAssembly(layout, '/', 10n);
    assembly.accept(response(20, [putEvent('/a', 11), putEvent('/b', 12)], { fragment: true }));
    assembly.restart();
    const again = response(20, [putEvent('/a', 11), putEvent('/b', 12), putEvent('/c', 12)]);
    assert.equal(say(assembly.accept(again)), '+/b +/c up to 12');
  });

  it('A3: what was told before is dropped', () => {
    const assembly = new WatchAssembly(layout, '/', 10n);
    assert.equal(say(assembly.accept(response(20, [removal('/a', 10, false), putEvent('/b', 12)]))), '+/b up to 12');
    assert.equal(say(assembly.accept(response(20, [putEvent('/b', 12)]))), 'nothing');
  });

  it('A4: an event without its previous value ends the watch', () => {
    const expired = (event: IEvent): string => say(new WatchAssembly(layout, '/', 10n).accept(response(20, [event])));
    assert.equal(expired(removal('/a', 12, false)), 'expired 12');
    assert.equal(expired(putEvent('/a', 12, 5, false)), 'expired 12');
    assert.equal(expired(removal('/a', 12, true)), '-/a up to 12');
    assert.equal(expired(putEvent('/a', 12, 5)), '+/a up to 12');
  });

  it("other prefixes and the store's own keys are progress", () => {
    const assembly = new WatchAssembly(layout, '/a/', 10n);
    assert.equal(say(assembly.accept(response(20, [putEvent('/!revision', 11)]))), 'progress 11');
    assert.equal(say(assembly.accept(response(20, [putEvent('/b/1', 12)]))), 'progress 12');
    assert.equal(say(assembly.accept(response(20, [putEvent('/a/1', 13), putEvent('/b/1', 14)]))), '+/a/1 up to 14');
  });

  it('a cancellation is expired or an error', () => {
    const assembly = new WatchAssembly(layout, '/', 10n);
    assert.equal(say(assembly.accept(response(0, [], { canceled: true, compact_revision: '15' }))), 'expired 15');
    const denied = response(0, [], { canceled: true, created: true, cancel_reason: 'permission denied' });
    assert.throws(() => assembly.accept(denied), /etcd cancelled the watch: permission denied/);
  });

  it('values are copies: the message that brought them can go', () => {
    const event = putEvent('/a', 11);
    const batch = new WatchAssembly(layout, '/', 10n).accept(response(20, [event]));
    assert.ok(batch?.kind === 'events');
    const [told] = batch.events;
    assert.ok(told?.kind === 'put');
    event.kv.value.fill(0);
    assert.equal(told.entry.value.toString(), '11');
  });
});
