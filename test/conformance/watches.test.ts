import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, describe, test } from 'node:test';
import { MACHINES, startApi, type TestApi } from './harness.ts';
import type { WatchClient } from './watch-client.ts';

const CONFIGMAPS = '/api/v1/namespaces/default/configmaps';
const TABLE = 'application/json;as=Table;v=v1;g=meta.k8s.io';
const PARTIAL = 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json';
const INITIAL = 'sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true';

describe('watch', () => {
  let t: TestApi;
  const open: WatchClient[] = [];
  const watch = async (path: string, accept?: string) => {
    const client = await t.admin.watch(path, accept);
    open.push(client);
    return client;
  };
  const make = (name: string, labels: object = {}) =>
    t.admin.post(CONFIGMAPS, { metadata: { name, labels }, data: {} }).expect(201);
  before(async () => {
    t = await startApi();
  });
  after(async () => {
    for (const client of open) client.close();
    await t?.stop();
  });

  test('W1: the headers of an empty collection come at once', async () => {
    const began = Date.now();
    const client = await watch(`${MACHINES}?watch=true`, 'application/json;stream=watch');
    assert.equal(client.statusCode, 200);
    assert.equal(client.response.headers['transfer-encoding'], 'chunked');
    assert.equal(client.response.headers['content-type'], 'application/json');
    assert.ok(Date.now() - began < 1_000);
  });

  test('W1: an event is one line of compact JSON, whatever a person would like to read', async () => {
    const client = await watch(`${CONFIGMAPS}?watch=true&pretty=true`);
    // Before the event can be there: who reads this stream does not wait for a second listener.
    const first = once(client.response, 'data');
    await make('line');
    const [chunk] = (await first) as [Buffer];
    const text = chunk.toString();
    assert.ok(text.startsWith('{"type":"ADDED","object":{'), text.slice(0, 60));
    assert.equal(text.indexOf('\n'), text.length - 1);
    await t.admin.delete(`${CONFIGMAPS}/line`).expect(200);
  });

  test('W2, W4: the state first, then changes; a deletion carries its own version and the last state', async () => {
    await make('a', { v: '1' });
    const client = await watch(`${CONFIGMAPS}?watch=true`);
    assert.deepEqual(await client.names(1), ['ADDED a']);
    await t.admin.patch(`${CONFIGMAPS}/a`, { metadata: { labels: { v: '2' } } }).expect(200);
    const modified = await client.next();
    assert.equal(modified?.type, 'MODIFIED');
    assert.equal(modified?.object.kind, 'ConfigMap');
    await t.admin.delete(`${CONFIGMAPS}/a`).expect(200);
    const deleted = await client.next();
    assert.equal(deleted?.type, 'DELETED');
    assert.equal(deleted?.object.metadata.labels.v, '2');
    assert.ok(BigInt(deleted?.object.metadata.resourceVersion) > BigInt(modified?.object.metadata.resourceVersion));
  });

  test('W3: entering a selection is ADDED, leaving it DELETED with the state before, elsewhere nothing', async () => {
    await make('s', { on: 'no' });
    const { body } = await t.admin.get(CONFIGMAPS).expect(200);
    const client = await watch(
      `${CONFIGMAPS}?watch=true&labelSelector=on%3Dyes&resourceVersion=${body.metadata.resourceVersion}`,
    );
    const set = async (labels: object) =>
      (await t.admin.patch(`${CONFIGMAPS}/s`, { metadata: { labels } }).expect(200)).body;
    await set({ x: '1' });
    await set({ on: 'yes' });
    await set({ x: '2' });
    const left = await set({ on: 'no' });
    await set({ x: '3' });
    await set({ on: 'yes' });
    assert.deepEqual(await client.names(2), ['ADDED s', 'MODIFIED s']);
    const gone = await client.next();
    assert.equal(gone?.type, 'DELETED');
    assert.equal(gone?.object.metadata.labels.on, 'yes');
    assert.equal(gone?.object.metadata.resourceVersion, left.metadata.resourceVersion);
    assert.deepEqual(await client.names(1), ['ADDED s']);
    await t.admin.delete(`${CONFIGMAPS}/s`).expect(200);
  });

  test('W14: one object by its name, a collection and one object by the old /watch/ paths', async () => {
    const old = CONFIGMAPS.replace('/v1/', '/v1/watch/');
    const clients = [
      await watch(`${CONFIGMAPS}?watch=true&fieldSelector=metadata.name%3Done`),
      await watch(`${old}/one`),
      await watch(`${old}?fieldSelector=metadata.name%3Done`),
    ];
    const all = [await watch(old), await watch('/api/v1/watch/configmaps?fieldSelector=metadata.namespace%3Ddefault')];
    await make('other');
    await make('one');
    for (const client of clients) assert.deepEqual(await client.names(1), ['ADDED one']);
    for (const client of all) assert.deepEqual(await client.names(2), ['ADDED other', 'ADDED one']);
  });

  test('W10: with sendInitialEvents the state ends with a marked bookmark, and changes follow', async () => {
    const client = await watch(`${CONFIGMAPS}?watch=true&${INITIAL}`);
    assert.deepEqual(await client.names(2), ['ADDED one', 'ADDED other']);
    const mark = await client.next();
    assert.equal(mark?.type, 'BOOKMARK');
    assert.equal(mark?.object.kind, 'ConfigMap');
    assert.equal(mark?.object.metadata.annotations['k8s.io/initial-events-end'], 'true');
    const newest = (await t.admin.get(CONFIGMAPS).expect(200)).body.metadata.resourceVersion;
    assert.equal(mark?.object.metadata.resourceVersion, newest);
    await make('after');
    assert.deepEqual(await client.names(1), ['ADDED after']);
  });

  test('W10: the mark comes in every form, for empty collections too', async () => {
    for (const path of [MACHINES, CONFIGMAPS]) {
      for (const accept of [undefined, TABLE, TABLE.replace('=v1;', '=v1beta1;'), PARTIAL]) {
        const client = await watch(`${path}?watch=true&${INITIAL}`, accept);
        const before = path === MACHINES ? 0 : 3;
        for (let i = 0; i < before; i += 1) assert.equal((await client.next())?.type, 'ADDED');
        const frame = await client.next();
        assert.equal(frame?.type, 'BOOKMARK', `${path} ${accept}`);
        assert.match(JSON.stringify(frame?.object), /"k8s\.io\/initial-events-end":"true"/);
        assert.match(frame?.object.metadata.resourceVersion, /^[1-9]\d*$/);
      }
    }
  });

  test('W10: as fresh as a read that began with the watch, or as the version that was asked for', async () => {
    for (const version of ['', '&resourceVersion=0', 'newest']) {
      const { body } = await t.admin.patch(`${CONFIGMAPS}/after`, { data: { version } }).expect(200);
      const asked = version === 'newest' ? `&resourceVersion=${body.metadata.resourceVersion}` : version;
      const client = await watch(`${CONFIGMAPS}?watch=true&${INITIAL}${asked}&fieldSelector=metadata.name%3Dafter`);
      const added = await client.next();
      if (version !== '&resourceVersion=0') {
        assert.equal(added?.object.metadata.resourceVersion, body.metadata.resourceVersion, version);
      }
      const mark = await client.next();
      assert.equal(mark?.type, 'BOOKMARK');
      assert.ok(BigInt(mark?.object.metadata.resourceVersion) >= BigInt(added?.object.metadata.resourceVersion));
    }
  });

  test('W11: sendInitialEvents=false begins now, without the state', async () => {
    const client = await watch(`${CONFIGMAPS}?watch=true&sendInitialEvents=false&resourceVersionMatch=NotOlderThan`);
    await make('next');
    assert.deepEqual(await client.names(1), ['ADDED next']);
    await t.admin.delete(`${CONFIGMAPS}/next`).expect(200);
  });

  test('W22: parameters that nobody knows change nothing', async () => {
    const query = 'shardSelector=shardRange(object.metadata.uid,"0","8")&whatever=1';
    const client = await watch(`${CONFIGMAPS}?watch=1&${encodeURI(query)}&fieldSelector=metadata.name%3Done`);
    assert.deepEqual(await client.names(1), ['ADDED one']);
    assert.equal((await t.admin.get(`${CONFIGMAPS}?${encodeURI(query)}`).expect(200)).body.items.length, 3);
  });

  test('W6, W11: options that do not go together are refused before the stream', async () => {
    for (const query of [
      'resourceVersion=x',
      'sendInitialEvents=true',
      'sendInitialEvents=true&resourceVersionMatch=Exact',
      'resourceVersionMatch=NotOlderThan&resourceVersion=5',
    ]) {
      const client = await watch(`${CONFIGMAPS}?watch=true&${query}`);
      assert.equal(client.statusCode, 422, query);
      assert.equal(JSON.parse(await client.text()).reason, 'Invalid');
    }
    assert.equal((await watch(`${CONFIGMAPS}?watch=true`, 'application/yaml')).statusCode, 406);
  });

  test('W7, W8: the stream ends cleanly at its time, with a bookmark shortly before for those who asked', async () => {
    const { body } = await t.admin.get(CONFIGMAPS).expect(200);
    const from = `resourceVersion=${body.metadata.resourceVersion}`;
    const client = await watch(`${CONFIGMAPS}?watch=true&timeoutSeconds=3&allowWatchBookmarks=true&${from}`);
    const quiet = await watch(`${CONFIGMAPS}?watch=true&timeoutSeconds=1&${from}`);
    const bookmark = await client.next();
    assert.equal(bookmark?.type, 'BOOKMARK');
    assert.ok(BigInt(bookmark?.object.metadata.resourceVersion) >= BigInt(body.metadata.resourceVersion));
    assert.equal(await quiet.next(), undefined);
    assert.equal(await client.next(), undefined);
    assert.equal(client.response.complete, true);
  });

  test('W5: a version of the future is silent until it has passed', async () => {
    const { body } = await t.admin.get(CONFIGMAPS).expect(200);
    const version = BigInt(body.metadata.resourceVersion) + 2n;
    const client = await watch(`${CONFIGMAPS}?watch=true&resourceVersion=${version}`);
    assert.equal(client.statusCode, 200);
    for (const name of ['f1', 'f2', 'f3']) await make(name);
    assert.deepEqual(await client.names(1), ['ADDED f3']);
    for (const name of ['f1', 'f2', 'f3']) await t.admin.delete(`${CONFIGMAPS}/${name}`).expect(200);
  });

  test('W5, W10: with sendInitialEvents a version of the future is an ERROR event that tells to try again', async () => {
    const version = BigInt((await t.admin.get(CONFIGMAPS).expect(200)).body.metadata.resourceVersion) + 1_000n;
    const client = await watch(`${CONFIGMAPS}?watch=true&${INITIAL}&resourceVersion=${version}`);
    assert.equal(client.statusCode, 200);
    const frame = await client.next();
    assert.equal(frame?.type, 'ERROR');
    assert.deepEqual([frame?.object.code, frame?.object.reason], [504, 'Timeout']);
    assert.equal(frame?.object.details.causes[0].reason, 'ResourceVersionTooLarge');
    assert.equal(frame?.object.details.retryAfterSeconds, 1);
    assert.equal(await client.next(), undefined);
  });

  test('W5: a version that is gone is an ERROR event with code 410 on a stream of 200', async () => {
    const old = (await t.admin.get(CONFIGMAPS).expect(200)).body.metadata.resourceVersion;
    await t.restart();
    await make('newer');
    const { body } = await t.admin.get(`${CONFIGMAPS}/newer`).expect(200);
    await t.store.compact(BigInt(body.metadata.resourceVersion));
    const client = await watch(`${CONFIGMAPS}?watch=true&resourceVersion=${BigInt(old) - 3n}`);
    assert.equal(client.statusCode, 200);
    const frame = await client.next();
    assert.equal(frame?.type, 'ERROR');
    assert.equal(frame?.object.code, 410);
    assert.equal(frame?.object.reason, 'Expired');
    assert.match(frame?.object.message, /^too old resource version: \d+ \(\d+\)$/);
    assert.equal(await client.next(), undefined);
  });

  test('C7, C14: metadata frames, and tables with columns in the first frame only', async () => {
    const partial = await watch(`${CONFIGMAPS}?watch=true&fieldSelector=metadata.name%3Dnewer`, PARTIAL);
    assert.equal((await partial.next())?.object.kind, 'PartialObjectMetadata');
    const table = await watch(`${CONFIGMAPS}?watch=true&fieldSelector=metadata.name%3Dnewer`, TABLE);
    const first = await table.next();
    assert.equal(first?.object.kind, 'Table');
    assert.deepEqual(
      first?.object.columnDefinitions.map((column: { name: string }) => column.name),
      ['Name', 'Data', 'Age'],
    );
    assert.equal(first?.object.rows[0].cells[0], 'newer');
    await t.admin.patch(`${CONFIGMAPS}/newer`, { data: { a: 'b' } }).expect(200);
    const second = await table.next();
    assert.deepEqual(second?.object.columnDefinitions, []);
    assert.equal(second?.object.rows[0].cells[1], '1');
    await t.admin.delete(`${CONFIGMAPS}/newer`).expect(200);
    const third = await table.next();
    assert.equal(third?.type, 'DELETED');
    assert.equal(third?.object.rows[0].object.metadata.name, 'newer');
  });

  test('W16: a client that does not read is ended, and others see everything', async () => {
    const lazy = await watch(`${CONFIGMAPS}?watch=true&labelSelector=load`);
    lazy.response.pause();
    const eager = await watch(`${CONFIGMAPS}?watch=true&labelSelector=load`);
    await make('load', { load: '1' });
    const text = 'x'.repeat(200_000);
    let seen = 1;
    const counting = (async () => {
      for (;;) {
        const frame = await eager.next();
        if (frame === undefined || frame.object.data?.last === 'yes') return;
        seen += 1;
      }
    })();
    for (let index = 0; index < 150; index += 1) {
      await t.admin.patch(`${CONFIGMAPS}/load`, { data: { text, index: String(index) } }).expect(200);
    }
    await t.admin.patch(`${CONFIGMAPS}/load`, { data: { last: 'yes' } }).expect(200);
    await counting;
    assert.equal(seen, 152);
    // What it finds when it reads again: something, and then no clean end.
    lazy.response.resume();
    await new Promise((resolve) => lazy.response.once('close', resolve));
    assert.equal(lazy.response.complete, false);
  });

  test('W21, A61: the server going down ends watches cleanly', async () => {
    const client = await watch(`${CONFIGMAPS}?watch=true&labelSelector=none`);
    await t.restart();
    assert.equal(await client.next(), undefined);
    assert.equal(client.response.complete, true);
  });
});
