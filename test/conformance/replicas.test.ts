/** Two API servers side by side on one etcd. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { startEtcd, type TemporaryEtcd } from '../harness/etcd.ts';
import { type ApiProcess, startApiProcess } from './api-process.ts';
import { WatchLedger } from './watch-ledger.ts';

const CONFIGMAPS = '/api/v1/namespaces/default/configmaps';
const COMPACT_EVERY_MS = 1_000;

type Agent = Awaited<ReturnType<ApiProcess['agent']>>;

describe('two replicas', () => {
  let directory: string;
  let etcd: TemporaryEtcd;
  const replicas: ApiProcess[] = [];
  const agents = async (): Promise<[Agent, Agent]> => {
    const [first, second] = await Promise.all(replicas.map((replica) => replica.agent()));
    if (first === undefined || second === undefined) throw new Error('there are two');
    return [first, second];
  };
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'torpor-api-'));
    etcd = await startEtcd();
    for (let i = 0; i < 2; i += 1) {
      const flags = [`--etcd-servers=${etcd.endpoint}`, `--etcd-compaction-interval=${COMPACT_EVERY_MS}ms`];
      replicas.push(await startApiProcess(directory, flags));
    }
    for (const replica of replicas) await replica.ready();
  });
  after(async () => {
    await Promise.all(replicas.map((replica) => replica.stop()));
    await etcd?.stop();
    await rm(directory, { recursive: true, force: true });
  });

  test('W17, W20: what is written through one is read through the other at once, by writers of both at a time', async () => {
    const clients = await agents();
    const writer = async (i: number) => {
      const [mine, other]: [Agent, Agent] = i % 2 === 0 ? clients : [clients[1], clients[0]];
      const path = `${CONFIGMAPS}/w${i}`;
      const made = await mine.post(CONFIGMAPS).send({ metadata: { name: `w${i}` } });
      assert.equal(made.status, 201);
      let version = BigInt(made.body.metadata.resourceVersion);
      for (let round = 0; round < 15; round += 1) {
        const written = await mine
          .patch(path)
          .set('Content-Type', 'application/merge-patch+json')
          .send({ data: { round: `${round}` } });
        assert.equal(written.status, 200, JSON.stringify(written.body));
        assert.ok(BigInt(written.body.metadata.resourceVersion) > version);
        version = BigInt(written.body.metadata.resourceVersion);
        const [got, list] = await Promise.all([
          other.get(path),
          other.get(`${CONFIGMAPS}?fieldSelector=metadata.name%3Dw${i}`),
        ]);
        assert.equal(got.body.data.round, `${round}`);
        assert.equal(got.body.metadata.resourceVersion, String(version));
        assert.equal(list.body.items[0].data.round, `${round}`);
        assert.ok(BigInt(list.body.metadata.resourceVersion) >= version);
      }
      assert.equal((await mine.delete(path)).status, 200);
      assert.equal((await other.get(path)).status, 404);
    };
    await Promise.all(Array.from({ length: 6 }, (_, i) => writer(i)));
  });

  test('W4, W20: watches through both tell the same, and a version of one is where the other goes on', async () => {
    const [first, second] = await agents();
    const version = (await first.get(CONFIGMAPS)).body.metadata.resourceVersion;
    const path = `${CONFIGMAPS}?watch=true&resourceVersion=${version}`;
    const open = (replica: ApiProcess, from: string) =>
      replica.tls().then((tls) => WatchLedger.open({ port: replica.port, path: from, tls }));
    const ledgers = await Promise.all(replicas.map((replica) => open(replica, path)));
    await Promise.all(
      [first, second].map(async (agent, i) => {
        for (let n = 0; n < 30; n += 1) await agent.post(CONFIGMAPS).send({ metadata: { name: `x${i}-${n}` } });
      }),
    );
    for (const ledger of ledgers) {
      await ledger.until('all are told', ({ added }) => added.length === 60);
      ledger.assertInOrder();
    }
    assert.deepEqual(ledgers[0]?.frames, ledgers[1]?.frames);
    const middle = ledgers[0]?.frames[29]?.object.metadata.resourceVersion as string;
    const [, other] = replicas;
    if (other === undefined) throw new Error('there are two');
    const late = await open(other, `${CONFIGMAPS}?watch=true&resourceVersion=${middle}`);
    await late.until('the rest is told', ({ added }) => added.length === 30);
    assert.deepEqual(late.frames, ledgers[0]?.frames.slice(30));
    for (const ledger of [...ledgers, late]) ledger.close();
  });

  test('D23, O22: documents and their hashes are the same bytes on both', async () => {
    const clients = await agents();
    const aggregated = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';
    const index = await clients[0].get('/openapi/v3');
    const documents: [string, string][] = [
      ...['/apis', '/api'].map((path): [string, string] => [path, aggregated]),
      ...['/api/v1', '/apis/torpor.dev/v1alpha1', '/openapi/v2', '/openapi/v3'].map((path): [string, string] => [
        path,
        'application/json',
      ]),
      ...Object.values<{ serverRelativeURL: string }>(index.body.paths).map(
        ({ serverRelativeURL }): [string, string] => [serverRelativeURL, 'application/json'],
      ),
    ];
    assert.ok(documents.length > 8);
    for (const [path, accept] of documents) {
      const [a, b] = await Promise.all(clients.map((client) => client.get(path).set('Accept', accept)));
      assert.equal(a?.status, 200, path);
      assert.equal(a?.text, b?.text, path);
      assert.equal(a?.headers.etag, b?.headers.etag, path);
    }
  });

  test('W18: history is compacted once an interval by one of them, never what is younger', async () => {
    const rounds = () =>
      replicas.flatMap(({ output }) =>
        output
          .split('\n')
          .filter((line) => line.includes('old history of the store is forgotten'))
          .map((line) => JSON.parse(line) as { time: string; revision: string }),
      );
    const before = rounds().length;
    const began = Date.now();
    const [agent] = await agents();
    let version = 0n;
    while (rounds().length < before + 4) {
      assert.ok(Date.now() - began < 60_000);
      const { body } = await agent.post(CONFIGMAPS).send({ metadata: { generateName: 'c-' } });
      version = BigInt(body.metadata.resourceVersion);
      // The newest version can be asked for exactly: it was not compacted.
      const exact = await agent.get(`${CONFIGMAPS}?resourceVersion=${version}&resourceVersionMatch=Exact&limit=1`);
      assert.equal(exact.status, 200);
      await delay(20);
    }
    const found = rounds();
    const revisions = found.map(({ revision }) => BigInt(revision)).sort((a, b) => Number(a - b));
    assert.deepEqual(revisions, [...new Set(revisions)], 'each compaction is made by one of them');
    // Two that did not know of each other would make twice as many.
    const times = found.map(({ time }) => Date.parse(time)).sort((a, b) => a - b);
    const spanMs = (times.at(-1) ?? 0) - (times[0] ?? 0);
    assert.ok(found.length - 1 <= spanMs / COMPACT_EVERY_MS + 1, `${found.length} in ${spanMs} ms`);
    const old = await agent.get(`${CONFIGMAPS}?resourceVersion=2&resourceVersionMatch=Exact`);
    assert.deepEqual([old.status, old.body.reason], [410, 'Expired']);
  });
});
