/** Two replicas behind a balancer of TCP connections are restarted one after the other, and nobody notices. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { Agent, request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { startEtcd, type TemporaryEtcd } from '../harness/etcd.ts';
import { TcpBalancer } from '../harness/tcp-balancer.ts';
import { type ApiProcess, startApiProcess } from './api-process.ts';
import { WatchLedger } from './watch-ledger.ts';

const CONFIGMAPS = '/api/v1/namespaces/default/configmaps';
const CLIENTS = 6;
/** The balancer asks every 100 ms; on a busy machine that can take a while. */
const SHUTDOWN_DELAY = '2s';

describe('a rolling restart', () => {
  let directory: string;
  let etcd: TemporaryEtcd;
  let balancer: TcpBalancer;
  const replicas: ApiProcess[] = [];
  const start = (port?: number) => {
    const flags = [`--etcd-servers=${etcd.endpoint}`, `--shutdown-delay-duration=${SHUTDOWN_DELAY}`];
    return startApiProcess(directory, flags, port);
  };
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'torpor-api-'));
    etcd = await startEtcd();
    for (let i = 0; i < 2; i += 1) {
      replicas.push(await start());
      await replicas[i]?.ready();
    }
    const backends = replicas.map(({ port }, i) => ({
      port,
      ready: () =>
        (replicas[i] as ApiProcess)
          .agent()
          .then((agent) => agent.get('/readyz'))
          .then(
            ({ status }) => status === 200,
            () => false,
          ),
    }));
    balancer = await TcpBalancer.start(backends, 100);
  });
  after(async () => {
    await balancer?.close();
    await Promise.all(replicas.map((replica) => replica.stop()));
    await etcd?.stop();
    await rm(directory, { recursive: true, force: true });
  });

  test('A61: clients that never pause lose no request, watches end cleanly, each process ends with 0', async () => {
    const tls = await (replicas[0] as ApiProcess).tls();
    const agent = new Agent({ keepAlive: true, maxSockets: CLIENTS, ...tls });
    const ask = (method: string, path: string, body?: object) =>
      new Promise<number>((resolve, reject) => {
        const asked = request({ host: '127.0.0.1', port: balancer.port, agent, method, path }, (response) => {
          response.resume();
          response.on('end', () => resolve(response.statusCode ?? 0)).on('error', reject);
        });
        asked.on('error', reject);
        asked.end(body === undefined ? undefined : JSON.stringify(body));
      });
    let running = true;
    const answers = { reads: 0, writes: 0 };
    const wrong: string[] = [];
    const clients = Array.from({ length: CLIENTS }, async (_, i) => {
      for (let n = 0; running; n += 1) {
        const write = n % 3 === 0;
        const code = await (write
          ? ask('POST', CONFIGMAPS, { metadata: { name: `c${i}-${n}` } })
          : ask('GET', n % 3 === 1 ? CONFIGMAPS : `${CONFIGMAPS}/c${i}-${n - 2}`)
        ).catch((error: unknown) => String(error));
        if (code === (write ? 201 : 200)) answers[write ? 'writes' : 'reads'] += 1;
        else wrong.push(`${write ? 'write' : 'read'}: ${code}`);
      }
    });
    for (const [i, replica] of replicas.entries()) {
      const watch = await replica.watch(`${CONFIGMAPS}?watch=true&labelSelector=none`);
      const before = answers.reads;
      replica.signal('SIGTERM');
      await replica.ready(500);
      const shutdown = await (await replica.agent()).get('/readyz/shutdown');
      assert.equal(shutdown.status, 500);
      assert.match(shutdown.text, /shutting down/);
      assert.equal((await (await replica.agent()).get('/livez')).status, 200);
      for (let frame = await ended(watch); frame !== 'end'; ) frame = await ended(watch);
      assert.equal(watch.response.complete, true);
      assert.equal(await replica.ended, 0);
      assert.ok(answers.reads > before);
      replicas[i] = await start(replica.port);
      await (replicas[i] as ApiProcess).ready();
      await delay(500);
    }
    running = false;
    await Promise.all(clients);
    agent.destroy();
    assert.deepEqual(wrong, []);
    assert.ok(answers.writes > 50 && answers.reads > 100, JSON.stringify(answers));
    // What was answered 201 is there.
    const { body } = await (await (replicas[0] as ApiProcess).agent()).get(CONFIGMAPS);
    assert.equal(body.items.length, answers.writes);
  });

  test('A61: a watch through the balancer goes on at the other replica, without a gap', async () => {
    const tls = await (replicas[0] as ApiProcess).tls();
    const agent = await (replicas[1] as ApiProcess).agent();
    let version = (await agent.get(CONFIGMAPS)).body.metadata.resourceVersion as string;
    const told: string[] = [];
    let running = true;
    const watching = (async () => {
      while (running) {
        const path = `${CONFIGMAPS}?watch=true&resourceVersion=${version}&timeoutSeconds=30`;
        const ledger = await WatchLedger.open({ port: balancer.port, path, tls }).catch(() => undefined);
        if (ledger === undefined) {
          await delay(20);
          continue;
        }
        const over = setInterval(() => {
          if (!running) ledger.close();
        }, 50);
        await ledger.ended;
        clearInterval(over);
        ledger.assertInOrder();
        told.push(...ledger.added);
        version = ledger.frames.at(-1)?.object.metadata.resourceVersion ?? version;
      }
    })();
    const names: string[] = [];
    const first = replicas[0] as ApiProcess;
    first.signal('SIGTERM');
    let over = false;
    void first.ended.then(() => {
      over = true;
    });
    for (let n = 0; !over || n % 10 !== 0; n += 1) {
      names.push(`w-${n}`);
      assert.equal((await agent.post(CONFIGMAPS).send({ metadata: { name: `w-${n}` } })).status, 201);
      await delay(20);
    }
    await delay(500);
    running = false;
    await watching;
    assert.deepEqual(told, names);
  });
});

/** 'end', or 'silent' when nothing came for a while. */
function ended(watch: Awaited<ReturnType<ApiProcess['watch']>>): Promise<'end' | 'silent'> {
  return watch.next().then(
    (frame) => (frame === undefined ? 'end' : 'silent'),
    () => 'silent',
  );
}
