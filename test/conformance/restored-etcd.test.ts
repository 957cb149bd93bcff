/** An etcd that was restored from a backup, or is another one: not served until a person says so. */
import assert from 'node:assert/strict';
import { cp, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { startEtcd, type TemporaryEtcd } from '../harness/etcd.ts';
import { type ApiProcess, startApiProcess } from './api-process.ts';

const CONFIGMAPS = '/api/v1/namespaces/default/configmaps';

describe('a store that went back', () => {
  let directory: string;
  let etcd: TemporaryEtcd;
  let api: ApiProcess;
  const start = async (...flags: string[]) => {
    api = await startApiProcess(directory, [`--etcd-servers=${etcd.endpoint}`, ...flags]);
  };
  const make = async (name: string) => {
    const { body, status } = await (await api.agent()).post(CONFIGMAPS).send({ metadata: { name } });
    assert.equal(status, 201, JSON.stringify(body));
    return BigInt(body.metadata.resourceVersion);
  };
  /** Every way to read and write is refused with a reason, and nothing says that something does not exist. */
  const refuses = async (reason: RegExp) => {
    const agent = await api.agent();
    for (const asked of [
      agent.get(CONFIGMAPS),
      agent.get(`${CONFIGMAPS}?resourceVersion=0`),
      agent.get(`${CONFIGMAPS}/kept`),
      agent.get(`${CONFIGMAPS}/lost`),
      agent.post(CONFIGMAPS).send({ metadata: { name: 'other' } }),
      agent.delete(`${CONFIGMAPS}/kept`),
    ]) {
      const { status, body, headers } = await asked;
      assert.equal(status, 503, JSON.stringify(body));
      assert.match(body.message, reason);
      assert.ok(headers['retry-after']);
    }
    const watch = await api.watch(`${CONFIGMAPS}?watch=true&resourceVersion=1`);
    assert.ok(watch.statusCode === 429 || watch.statusCode === 503, String(watch.statusCode));
    watch.close();
    await api.ready(500);
    const check = await agent.get('/readyz/etcd-readiness');
    assert.equal(check.status, 500);
    assert.match(check.text, reason);
    assert.match(check.text, /--etcd-restored/);
    assert.equal((await agent.get('/apis/torpor.dev/v1alpha1')).status, 200);
  };
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'torpor-api-'));
    etcd = await startEtcd();
    await start();
    await api.ready();
  });
  after(async () => {
    await api?.stop();
    await etcd?.stop();
    await rm(directory, { recursive: true, force: true });
  });

  let newest = 0n;

  test('W19: a running server notices, tells its watchers 410 and serves nothing more', async () => {
    await make('kept');
    await etcd.kill();
    await cp(etcd.dataDirectory, join(directory, 'backup'), { recursive: true });
    await etcd.start();
    await api.ready();
    for (let i = 0; i < 40; i += 1) newest = await make(`lost-${i}`);
    await make('lost');
    const watch = await api.watch(`${CONFIGMAPS}?watch=true&fieldSelector=metadata.name%3Dlost`);
    assert.deepEqual(await watch.names(1), ['ADDED lost']);
    await etcd.kill();
    await rm(etcd.dataDirectory, { recursive: true });
    await cp(join(directory, 'backup'), etcd.dataDirectory, { recursive: true });
    await etcd.start();
    // Whoever asks first, or the next proof of freshness, finds out.
    let frame = await watch.next().catch(() => undefined);
    for (let attempt = 0; frame === undefined && attempt < 3; attempt += 1) frame = await watch.next();
    assert.deepEqual([frame?.type, frame?.object.code], ['ERROR', 410]);
    await refuses(/etcd is at revision \d+ and was at \d+ before: it was restored from a backup/);
  });

  test('W19: a server that is started again remembers what it has seen', async () => {
    api.signal('SIGTERM');
    assert.equal(await api.ended, 0);
    const seen = JSON.parse(await readFile(join(directory, 'pki/etcd-seen.json'), 'utf8'));
    assert.ok(BigInt(seen.revision) >= newest);
    await start();
    await refuses(/was at \d+ before: it was restored/);
  });

  test('W19: with --etcd-restored it is served again, and no version of the time that is gone is taken for a new one', async () => {
    await api.stop();
    await start('--etcd-restored');
    await api.ready();
    const agent = await api.agent();
    const list = await agent.get(CONFIGMAPS);
    assert.deepEqual(
      list.body.items.map((item: { metadata: { name: string } }) => item.metadata.name),
      ['kept'],
    );
    assert.ok(BigInt(list.body.metadata.resourceVersion) > newest);
    // A client that comes back with its old version must begin anew.
    const watch = await api.watch(`${CONFIGMAPS}?watch=true&resourceVersion=${newest}`);
    assert.equal((await watch.next())?.object.code, 410);
    const exact = await agent.get(`${CONFIGMAPS}?resourceVersion=${newest}&resourceVersionMatch=Exact`);
    assert.equal(exact.status, 410);
    await make('after');
  });

  test('W19: and from then on without it; another cluster is refused as well', async () => {
    await api.stop();
    await start();
    await api.ready();
    await make('normal');
    await delay(100);
    api.signal('SIGTERM');
    await api.ended;
    await etcd.kill();
    await rm(etcd.dataDirectory, { recursive: true });
    await etcd.start(['--initial-cluster-token=another']);
    await start();
    await refuses(/etcd's cluster is \d+ now and was \d+: it is another one, or was restored/);
  });
});
