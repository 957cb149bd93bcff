/** Bookmarks and history, with short times and a short history in place of minutes and thousands. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { startApi, type TestApi } from './harness.ts';
import type { WatchClient, WatchFrame } from './watch-client.ts';

const CONFIGMAPS = '/api/v1/namespaces/default/configmaps';
const TABLE = 'application/json;as=Table;v=v1;g=meta.k8s.io';
const PARTIAL = 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1';
const HISTORY = 100;

const versionOf = (frame: WatchFrame | undefined): bigint => BigInt(frame?.object.metadata.resourceVersion);

describe('watch over time', () => {
  let t: TestApi;
  const open: WatchClient[] = [];
  const watch = async (query: string, accept?: string) => {
    const client = await t.admin.watch(`${CONFIGMAPS}?watch=true${query}`, accept);
    open.push(client);
    return client;
  };
  const make = (name: string, labels: object = {}) =>
    t.admin.post(CONFIGMAPS, { metadata: { name, labels } }).expect(201);
  const newest = async () => (await t.admin.get(CONFIGMAPS).expect(200)).body.metadata.resourceVersion as string;
  before(async () => {
    t = await startApi({ bookmarkEveryMs: 300, minimumMs: 400, lastBookmarkMs: 150, historyEvents: HISTORY });
  });
  after(async () => {
    for (const client of open) client.close();
    await t?.stop();
  });

  test('W7: without timeoutSeconds the server ends a watch by itself, cleanly; ?timeout= means nothing to it', async () => {
    const began = performance.now();
    const client = await watch('&timeout=1ms');
    assert.equal(await client.next(), undefined);
    assert.equal(client.response.complete, true);
    assert.ok(performance.now() - began >= 390);
  });

  test('W8: bookmarks come while nothing happens, in the form that was asked for, and only on request', async () => {
    const from = `&resourceVersion=${await newest()}&timeoutSeconds=2`;
    const quiet = await watch(from);
    const bookmarks = async (accept: string | undefined, kind: string) => {
      const client = await watch(`&allowWatchBookmarks=true${from}`, accept);
      for (let i = 0; i < 2; i += 1) {
        const frame = await client.next();
        assert.equal(frame?.type, 'BOOKMARK');
        assert.equal(frame?.object.kind, kind);
        assert.match(frame?.object.metadata.resourceVersion, /^[1-9]\d*$/);
        assert.equal(frame?.object.metadata.annotations, undefined);
        if (kind === 'Table') assert.deepEqual(frame?.object.rows, []);
        else assert.equal(frame?.object.metadata.creationTimestamp, null);
      }
    };
    await Promise.all([
      bookmarks(undefined, 'ConfigMap'),
      bookmarks(PARTIAL, 'PartialObjectMetadata'),
      bookmarks(TABLE, 'Table'),
    ]);
    assert.equal(await quiet.next(), undefined);
  });

  test('W8: a watcher for whom nothing of much is gets bookmarks too, so that its version does not grow old', async () => {
    const from = `&resourceVersion=${await newest()}&timeoutSeconds=20`;
    const client = await watch(`&allowWatchBookmarks=true&labelSelector=never${from}`);
    let busy = true;
    const writing = (async () => {
      await make('busy');
      for (let i = 0; busy; i += 1) {
        await t.admin.patch(`${CONFIGMAPS}/busy`, { metadata: { labels: { i: String(i) } } }).expect(200);
      }
    })();
    const seen: bigint[] = [];
    while (seen.length < 3) {
      const frame = await client.next();
      assert.equal(frame?.type, 'BOOKMARK');
      seen.push(versionOf(frame));
    }
    busy = false;
    await writing;
    assert.deepEqual(
      seen,
      [...new Set(seen)].sort((a, b) => Number(a - b)),
    );
  });

  test('W4, W9: events come once and in order, and no bookmark is ahead of an event that follows', async () => {
    const from = `&resourceVersion=${await newest()}&timeoutSeconds=30&labelSelector=order`;
    const client = await watch(`&allowWatchBookmarks=true${from}`);
    const names = Array.from({ length: 8 }, (_, i) => `order-${i}`);
    const rounds = 30;
    const writers = names.map(async (name) => {
      await make(name, { order: 'yes' });
      for (let i = 0; i < rounds; i += 1) {
        await t.admin.patch(`${CONFIGMAPS}/${name}`, { metadata: { labels: { i: String(i) } } }).expect(200);
        // Others' events do not match: they move the store's version and with it the bookmarks.
        await t.admin.patch(`${CONFIGMAPS}/busy`, { metadata: { labels: { [name]: String(i) } } }).expect(200);
      }
      await t.admin.delete(`${CONFIGMAPS}/${name}`).expect(200);
    });
    let last = 0n;
    let events = 0;
    for (let gone = 0; gone < names.length; ) {
      const frame = await client.next();
      assert.ok(frame !== undefined && frame.type !== 'ERROR', JSON.stringify(frame));
      if (frame.type === 'BOOKMARK') {
        assert.ok(versionOf(frame) >= last);
      } else {
        assert.ok(versionOf(frame) > last, `${versionOf(frame)} after ${last}`);
        events += 1;
        if (frame.type === 'DELETED') gone += 1;
      }
      last = versionOf(frame);
    }
    await Promise.all(writers);
    assert.equal(events, names.length * (rounds + 2));
  });

  test('W17: what is within the history is told again; what is older is 410', async () => {
    await make('ring');
    const start = BigInt(await newest());
    const versions: string[] = [];
    for (let i = 0; i < HISTORY + 20; i += 1) {
      const { body } = await t.admin.patch(`${CONFIGMAPS}/ring`, { data: { i: String(i) } }).expect(200);
      versions.push(body.metadata.resourceVersion);
    }
    const from = versions.length - HISTORY / 2;
    const client = await watch(`&resourceVersion=${versions[from]}&timeoutSeconds=20`);
    for (const version of versions.slice(from + 1)) {
      assert.equal((await client.next())?.object.metadata.resourceVersion, version);
    }
    const old = await watch(`&resourceVersion=${start}&timeoutSeconds=20`);
    assert.equal(old.statusCode, 200);
    const frame = await old.next();
    assert.deepEqual([frame?.type, frame?.object.code, frame?.object.reason], ['ERROR', 410, 'Expired']);
    assert.equal(await old.next(), undefined);
    // The list that a client makes then, and version 0, are never refused.
    await t.admin.get(`${CONFIGMAPS}?resourceVersion=0`).expect(200);
    const again = await watch('&resourceVersion=0&timeoutSeconds=20');
    assert.equal((await again.next())?.type, 'ADDED');
  });

  test('W20: versions are decimal, grow with each write, and a name that is used again goes on from there', async () => {
    const seen: bigint[] = [];
    const note = (body: { metadata: { resourceVersion: string } }) => {
      assert.match(body.metadata.resourceVersion, /^[1-9]\d*$/);
      seen.push(BigInt(body.metadata.resourceVersion));
    };
    const client = await watch(`&resourceVersion=${await newest()}&timeoutSeconds=20`);
    for (let i = 0; i < 3; i += 1) {
      note((await make('again')).body);
      note((await t.admin.patch(`${CONFIGMAPS}/again`, { data: { i: String(i) } }).expect(200)).body);
      await t.admin.delete(`${CONFIGMAPS}/again`).expect(200);
      for (let event = 0; event < 2; event += 1) await client.next();
      note((await client.next())?.object);
    }
    for (const [i, version] of seen.entries()) assert.ok(i === 0 || version > (seen[i - 1] ?? 0n), seen.join(' '));
  });
});
