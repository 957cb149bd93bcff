/** The server as a process: start without a store, connections and their rules, certificates that change, flags. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { Agent, request } from 'node:https';
import { connect as connectTcp } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { apiserverFlags, apiserverSections } from '../../apiserver/serving/flags.ts';
import { type Authority, ensureKeyPair, openAuthority } from '../../base/certificates/authority.ts';
import { startEtcd, type TemporaryEtcd } from '../harness/etcd.ts';
import { type ApiProcess, startApiProcess } from './api-process.ts';
import { issue } from './injected-server.ts';

const CONFIGMAPS = '/api/v1/namespaces/default/configmaps';
const ETCD = { commonName: 'etcd' };

describe('the server', () => {
  let directory: string;
  let etcd: TemporaryEtcd;
  let etcdAuthority: Authority;
  let api: ApiProcess;
  const path = (...names: string[]) => join(directory, ...names);
  const until = async (what: string, condition: () => Promise<boolean>) => {
    for (let attempt = 0; !(await condition()); attempt += 1) {
      assert.ok(attempt < 300, what);
      await delay(100);
    }
  };
  const dial = (options: ConnectionOptions) =>
    new Promise<TLSSocket>((resolve, reject) => {
      const socket = connect({ host: '127.0.0.1', port: api.port, rejectUnauthorized: false, ...options });
      socket.once('secureConnect', () => resolve(socket)).once('error', reject);
    });
  const issueForEtcd = (name: string) =>
    ensureKeyPair(directory, name, { subject: ETCD, usages: ['client'], days: 1 }, etcdAuthority);

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'torpor-api-'));
    etcdAuthority = await openAuthority(directory, 'etcd-ca');
    const server = { subject: ETCD, usages: ['server', 'client'], names: ['127.0.0.1'], days: 1 } as const;
    await ensureKeyPair(directory, 'etcd', server, etcdAuthority);
    await issueForEtcd('client');
    etcd = await startEtcd({ tls: { ca: path('ca.crt'), cert: path('etcd.crt'), key: path('etcd.key') } });
    await writeFile(path('users.crt'), (await newAuthority('first')).certificate);
    await etcd.kill();
    api = await startApiProcess(directory, [
      `--etcd-servers=${etcd.endpoint}`,
      ...[
        `--etcd-cafile=${path('ca.crt')}`,
        `--etcd-certfile=${path('client.crt')}`,
        `--etcd-keyfile=${path('client.key')}`,
      ],
      `--client-ca-file=${path('users.crt')}`,
    ]);
  });
  after(async () => {
    await api?.stop();
    await etcd?.stop();
    await rm(directory, { recursive: true, force: true });
  });
  const authorities = new Map<string, Authority>();
  const newAuthority = async (name: string) => {
    const made = await openAuthority(await mkdtemp(path(`${name}-`)), `${name}-ca`);
    authorities.set(name, made);
    return made;
  };

  test('A60, D12: without etcd it lives and is discovered, is not ready, and says 503 and never 404', async () => {
    await api.ready(500);
    const agent = await api.agent();
    assert.equal((await agent.get('/livez')).text, 'ok');
    assert.equal((await agent.get('/apis/torpor.dev/v1alpha1')).status, 200);
    const answers = await Promise.all([
      agent.get(CONFIGMAPS),
      agent.get(`${CONFIGMAPS}/a`),
      agent.get(`${CONFIGMAPS}?resourceVersion=0`),
      agent.post(CONFIGMAPS).send({ metadata: { name: 'a' } }),
    ]);
    for (const { status, body, headers } of answers) {
      assert.deepEqual([status, body.reason], [503, 'ServiceUnavailable'], JSON.stringify(body));
      assert.match(String(headers['retry-after']), /^\d+$/);
    }
    const { text } = await agent.get('/readyz?verbose');
    assert.match(text, /\[-\]etcd failed: reason withheld\n/);
    assert.match(text, /\[-\]informer-sync failed: reason withheld\n/);
    assert.match(text, /\[-\]poststarthook\/resources failed: reason withheld\n/);
  });

  test('W6, W21: a watch is told to come back while there is nothing to watch', async () => {
    const watch = await api.watch(`${CONFIGMAPS}?watch=true&resourceVersion=0`);
    assert.equal(watch.statusCode, 429);
    assert.match(String(watch.response.headers['retry-after']), /^\d+$/);
    assert.equal(JSON.parse(await watch.text()).reason, 'TooManyRequests');
  });

  test('A60, H2: it becomes ready when etcd is there; the checks have the names of kube-apiserver', async () => {
    await etcd.start();
    await api.ready();
    const agent = await api.agent();
    const names = async (endpoint: string) => {
      const { text } = await agent.get(`/${endpoint}?verbose`);
      assert.ok(text.endsWith(`${endpoint} check passed\n`), text);
      return text.split('\n').flatMap((line) => /^\[\+\](\S+) ok$/.exec(line)?.[1] ?? []);
    };
    assert.deepEqual(await names('livez'), ['ping']);
    const healthz = await names('healthz');
    const readyz = await names('readyz');
    for (const name of ['ping', 'etcd', 'poststarthook/resources']) assert.ok(healthz.includes(name), name);
    for (const name of ['etcd-readiness', 'informer-sync', 'shutdown']) {
      assert.ok(readyz.includes(name), name);
      assert.ok(!healthz.includes(name), name);
    }
    for (const name of readyz) assert.equal((await agent.get(`/readyz/${name}`)).text, 'ok', name);
  });

  test('A62: plain HTTP at the port is answered 400, in plain HTTP', async () => {
    const text = await new Promise<string>((resolve, reject) => {
      let got = '';
      const socket = connectTcp(api.port, '127.0.0.1', () => socket.write('GET /livez HTTP/1.1\r\nHost: x\r\n\r\n'));
      socket.setEncoding('utf8').on('data', (chunk: string) => {
        got += chunk;
      });
      socket.on('error', reject).on('close', () => resolve(got));
    });
    assert.match(text, /^HTTP\/1\.0 400 Bad Request\r\n/);
    assert.match(text, /HTTP request to an HTTPS server/);
  });

  test('A62, D40: TLS 1.2 and 1.3 and nothing older, HTTP/1.1 and nothing newer', async () => {
    for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
      const socket = await dial({ minVersion: version, maxVersion: version, ALPNProtocols: ['h2', 'http/1.1'] });
      assert.deepEqual([socket.getProtocol(), socket.alpnProtocol], [version, 'http/1.1']);
      socket.destroy();
    }
    await assert.rejects(dial({ minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'ALL@SECLEVEL=0' }));
    await assert.rejects(dial({ ALPNProtocols: ['h2'] }));
  });

  test('D39: a connection outlives the 90 seconds for which an aggregator keeps it, and more than five of idleness', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1, ...(await api.tls()) });
    const ask = () =>
      new Promise<{ port: number; kept: string }>((resolve, reject) => {
        const asked = request({ host: '127.0.0.1', port: api.port, path: '/livez', agent }, (response) => {
          const port = response.socket.localPort ?? 0;
          const kept = String(response.headers['keep-alive']);
          response.resume().on('end', () => resolve({ port, kept }));
        });
        asked.on('error', reject).end();
      });
    const first = await ask();
    assert.ok(Number(/timeout=(\d+)/.exec(first.kept)?.[1]) > 90, first.kept);
    await delay(6_500);
    assert.equal((await ask()).port, first.port);
    agent.destroy();
  });

  test('A62: a client authority that is replaced on disk decides within seconds who somebody is', async () => {
    const [first, second] = [authorities.get('first') as Authority, await newAuthority('second')];
    const subject = { commonName: 'somebody', organizations: ['system:masters'] };
    const [old, fresh] = [await issue(first, subject), await issue(second, subject)];
    const asked = (pair: { certificate: string; key: string }) =>
      new Promise<number>((resolve, reject) => {
        const tls = { cert: pair.certificate, key: pair.key, rejectUnauthorized: false, agent: false as const };
        request({ host: '127.0.0.1', port: api.port, path: CONFIGMAPS, ...tls }, (response) =>
          resolve(response.resume().statusCode ?? 0),
        )
          .on('error', reject)
          .end();
      });
    assert.equal(await asked(old), 200);
    assert.notEqual(await asked(fresh), 200);
    await writeFile(path('users.crt'), second.certificate);
    await until('the new authority counts', async () => (await asked(fresh)) === 200);
    assert.notEqual(await asked(old), 200);
    assert.equal((await (await api.agent()).get(CONFIGMAPS)).status, 200, 'our own authority counts as before');
  });

  test('A62: certificates for etcd that are replaced on disk are used for connections to come', async () => {
    const watch = await api.watch(`${CONFIGMAPS}?watch=true&resourceVersion=0`);
    const seen = api.output.length;
    // Another authority altogether: etcd takes only it after its own restart.
    const next = await newAuthority('next');
    const server = { subject: ETCD, usages: ['server', 'client'], names: ['127.0.0.1'], days: 1 } as const;
    const own = await ensureKeyPair(await mkdtemp(path('server-')), 'etcd', server, next);
    const client = await issue(next, ETCD);
    await Promise.all([
      writeFile(path('ca.crt'), next.certificate),
      writeFile(path('client.crt'), client.certificate),
      writeFile(path('client.key'), client.key),
      writeFile(path('etcd.crt'), own.certificate),
      writeFile(path('etcd.key'), own.key),
    ]);
    await until('the files are read', async () => api.output.slice(seen).includes('changed files are in use'));
    await etcd.kill();
    await etcd.start();
    await api.ready();
    const made = await (await api.agent()).post(CONFIGMAPS).send({ metadata: { name: 'rotated' } });
    assert.equal(made.status, 201, JSON.stringify(made.body));
    assert.deepEqual(await watch.names(1), ['ADDED rotated']);
    watch.close();
  });

  test('H1, H3: version, paths and one failed check are for those who may ask', async () => {
    const agent = await api.agent();
    const version = (await agent.get('/version')).body;
    assert.deepEqual(Object.keys(version).slice(0, 9).sort(), [
      'buildDate',
      'compiler',
      'gitCommit',
      'gitTreeState',
      'gitVersion',
      'goVersion',
      'major',
      'minor',
      'platform',
    ]);
    assert.match(version.gitVersion, /^v1\.\d+\.\d+/);
    const { paths } = (await agent.get('/')).body as { paths: string[] };
    assert.deepEqual(paths, [...paths].sort());
    for (const wanted of [
      '/apis',
      '/apis/torpor.dev/v1alpha1',
      '/healthz',
      '/livez',
      '/metrics',
      '/openapi/v3',
      '/readyz',
      '/version',
    ]) {
      assert.ok(paths.includes(wanted), wanted);
    }
    etcd.freeze();
    try {
      await api.ready(500);
      const failed = await agent.get('/readyz/etcd');
      assert.equal(failed.status, 500);
      assert.match(failed.text, /^internal server error: .*etcd did not answer/);
    } finally {
      etcd.thaw();
    }
    await api.ready();
  });

  test('A63: nothing of the framework shows', async () => {
    const agent = await api.agent();
    const one = await agent.get(CONFIGMAPS);
    for (const header of ['etag', 'x-powered-by', 'access-control-allow-origin']) {
      assert.equal(one.headers[header], undefined, header);
    }
    assert.equal((await agent.get('/LIVEZ')).status, 404);
    assert.equal((await agent.get(CONFIGMAPS.replace('configmaps', 'ConfigMaps'))).status, 404);
    // A slash that is part of a name is none between names.
    const odd = await agent.get(`${CONFIGMAPS}/a%2Fstatus`);
    assert.equal(odd.status, 404);
    assert.equal(odd.headers.location, undefined);
    assert.equal((await agent.options(CONFIGMAPS)).status, 405);
    const head = await agent.head(`${CONFIGMAPS}/rotated`);
    assert.deepEqual([head.status, head.text ?? ''], [200, '']);
    // Express' own reader of bodies stops at 100 KiB.
    const large = { metadata: { name: 'large' }, data: { x: 'y'.repeat(400_000) } };
    assert.equal((await agent.post(CONFIGMAPS).send(large)).status, 201);
    const broken = await agent.post(CONFIGMAPS).set('Content-Type', 'application/json').send('{"a":');
    assert.deepEqual([broken.status, broken.body.kind], [400, 'Status']);
    assert.match(String(broken.headers['content-type']), /^application\/json/);
  });

  test('flags: --help shows every flag under a heading, and one of kube-apiserver that is not there is explained', async () => {
    const run = (...flags: string[]) =>
      new Promise<{ code: number; text: string }>((resolve) => {
        const args = ['--import', 'tsx', 'apiserver/main.ts', ...flags];
        execFile(process.execPath, args, { cwd: join(import.meta.dirname, '../..') }, (error, stdout, stderr) =>
          resolve({ code: typeof error?.code === 'number' ? error.code : 0, text: stdout + stderr }),
        );
      });
    const { code, text } = await run('--help');
    assert.equal(code, 0);
    for (const title of Object.keys(apiserverSections)) assert.match(text, new RegExp(`^${title}:$`, 'm'));
    assert.deepEqual(Object.values(apiserverSections).flat().sort(), Object.keys(apiserverFlags).sort());
    for (const name of Object.keys(apiserverFlags)) assert.match(text, new RegExp(`^  --${name}\\b`, 'm'));
    const declined = await run('--embedded', '--cert-dir=/tmp/x', '--goaway-chance=0.1');
    assert.equal(declined.code, 2);
    assert.match(declined.text, /unknown flag: --goaway-chance: only HTTP\/1\.1 is served/);
  });
});

test('A62: --tls-min-version', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'torpor-api-'));
  const api = await startApiProcess(directory, ['--etcd-servers=http://127.0.0.1:1', '--tls-min-version=VersionTLS13']);
  try {
    const ca = await readFile(join(directory, 'pki/ca.crt'), 'utf8');
    const version = (maxVersion: 'TLSv1.2' | 'TLSv1.3') =>
      new Promise<string | null>((resolve, reject) => {
        const socket = connect({ host: '127.0.0.1', port: api.port, ca, maxVersion });
        socket.once('secureConnect', () => {
          resolve(socket.getProtocol());
          socket.destroy();
        });
        socket.once('error', reject);
      });
    assert.equal(await version('TLSv1.3'), 'TLSv1.3');
    await assert.rejects(version('TLSv1.2'), /protocol version/);
  } finally {
    await api.stop();
    await rm(directory, { recursive: true, force: true });
  }
});
