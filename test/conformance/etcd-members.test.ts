/** One API server over an etcd of three members with TLS: what its clients see when members fail. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { type EtcdCluster, startEtcdCluster } from '../harness/etcd-cluster.ts';
import { type ApiProcess, startApiProcess } from './api-process.ts';
import { WatchLedger } from './watch-ledger.ts';

const CONFIGMAPS = '/api/v1/namespaces/default/configmaps';
/** A write may be asked for twice over: once for the answer, once to find out without it; and a busy machine is slow. */
const PATIENCE_MS = 20_000;

describe('an etcd of three members', () => {
  let directory: string;
  let etcd: EtcdCluster;
  let api: ApiProcess;
  let ledger: WatchLedger;
  /** Names whose create was answered 201. */
  const made: string[] = [];
  /** Names of which nobody knows. */
  const unknown: string[] = [];
  const wait = async (what: string, condition: () => boolean) => {
    for (const end = Date.now() + 2 * PATIENCE_MS; !condition(); ) {
      assert.ok(Date.now() < end, what);
      await delay(50);
    }
  };

  /** Creates one object after the other; what fails must fail as clients can live with. */
  const writer = (prefix: string) => {
    let running = true;
    let count = 0;
    const done = (async () => {
      const agent = await api.agent();
      while (running) {
        const name = `${prefix}-${count}`;
        count += 1;
        const began = Date.now();
        const { status, body, headers } = await agent.post(CONFIGMAPS).send({ metadata: { name } });
        assert.ok(Date.now() - began < PATIENCE_MS, `${Date.now() - began} ms for ${status}`);
        if (status === 201) {
          made.push(name);
        } else {
          assert.ok(status === 503 || status === 504, `${status} ${JSON.stringify(body)}`);
          assert.equal(body.kind, 'Status');
          if (status === 503) assert.match(String(headers['retry-after']), /^\d+$/);
          unknown.push(name);
        }
        await delay(5);
      }
    })();
    return {
      async stop() {
        running = false;
        await done;
      },
    };
  };
  /** Work goes on: five more objects are made. */
  const progress = (what: string) => {
    const from = made.length;
    return wait(what, () => made.length >= from + 5);
  };
  /** The watch told of every object once, and a list has the same. */
  const settled = async () => {
    const { body } = await (await api.agent()).get(CONFIGMAPS);
    const names: string[] = body.items.map((item: { metadata: { name: string } }) => item.metadata.name);
    await ledger.until('everything is told', ({ added }) => added.length >= names.length);
    ledger.assertInOrder();
    assert.deepEqual([...ledger.added].sort(), names.sort());
    for (const name of made) assert.ok(names.includes(name), `${name} was answered 201 and is gone`);
    for (const name of names) assert.ok(made.includes(name) || unknown.includes(name), `${name} was never asked for`);
  };

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'torpor-api-'));
    etcd = await startEtcdCluster();
    api = await startApiProcess(directory, [
      `--etcd-servers=${etcd.endpoints.join(',')}`,
      ...[`--etcd-cafile=${etcd.files.ca}`, `--etcd-certfile=${etcd.files.cert}`, `--etcd-keyfile=${etcd.files.key}`],
    ]);
    await api.ready();
    const path = `${CONFIGMAPS}?watch=true`;
    ledger = await WatchLedger.open({ port: api.port, path, tls: await api.tls() });
  });
  after(async () => {
    ledger?.close();
    await api?.stop();
    await etcd?.stop();
    await rm(directory, { recursive: true, force: true });
  });

  test('W4, E33: the leader is killed and comes back: no event is lost or told twice, nothing answered is forgotten', async () => {
    const writing = writer('leader');
    await progress('objects are made');
    const leader = await etcd.leader();
    await leader.kill();
    await progress('objects are made without the member');
    await leader.start();
    await progress('objects are made with it');
    await writing.stop();
    await settled();
  });

  test('W4, E33: each member in turn is cut off from the server', async () => {
    const writing = writer('cut');
    for (const [i, { proxy }] of etcd.members.entries()) {
      proxy.set('deaf');
      await progress(`objects are made without member ${i}`);
      proxy.set('pass');
      proxy.cut();
    }
    await writing.stop();
    await settled();
  });

  test('W4, E33: the leader stops without a word', async () => {
    const writing = writer('frozen');
    await progress('objects are made');
    const leader = await etcd.leader();
    leader.freeze();
    try {
      await progress('objects are made without the member');
    } finally {
      leader.thaw();
    }
    await progress('objects are made with it');
    await writing.stop();
    await settled();
  });

  test('A60, E33: without a majority reads and writes are refused in time, and all is well by itself afterwards', async () => {
    const agent = await api.agent();
    const [, ...most] = etcd.members;
    for (const member of most) member.freeze();
    try {
      const began = Date.now();
      const answers = await Promise.all([
        agent.get(CONFIGMAPS),
        agent.get(`${CONFIGMAPS}/missing`),
        agent.post(CONFIGMAPS).send({ metadata: { name: 'lonely' } }),
      ]);
      assert.ok(Date.now() - began < PATIENCE_MS);
      unknown.push('lonely');
      for (const { status, body, headers } of answers) {
        assert.equal(status, 503, JSON.stringify(body));
        assert.equal(body.reason, 'ServiceUnavailable');
        assert.match(String(headers['retry-after']), /^\d+$/);
      }
      await api.ready(500);
      assert.equal((await agent.get('/livez')).status, 200);
      assert.equal((await agent.get(`${CONFIGMAPS}?resourceVersion=0`)).status, 200);
    } finally {
      for (const member of most) member.thaw();
    }
    await api.ready();
    const writing = writer('majority');
    await progress('objects are made again');
    await writing.stop();
    await settled();
  });
});
