import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { isAlive } from '../../base/process-identity.ts';
import { bringUp } from './bring-up.ts';
import { goneWithin, stateOf, stop } from './detached.ts';
import { ensureEtcdCertificates, etcdFiles } from './etcd-certificates.ts';
import { type Home, homeAt, makeHome } from './home.ts';
import { waitReady } from './ready.ts';
import { DEFAULT_PORTS, type Service } from './services.ts';

describe('bringing a process up', () => {
  let home: Home;
  before(async () => {
    home = homeAt(await mkdtemp(path.join(tmpdir(), 'torpor-bu-')));
    await makeHome(home);
    await ensureEtcdCertificates(home);
  });
  after(async () => {
    await stop(home, 'etcd', 1000);
    await rm(home.root, { recursive: true });
  });

  function service(script: string): Service {
    const program = { name: 'etcd', command: process.execPath, args: ['-e', script], files: [] };
    return { name: 'etcd', title: 'store', graceMs: 2000, program };
  }
  async function running() {
    const state = await stateOf(home, 'etcd');
    return state.kind === 'running' ? state.record.identity : assert.fail(`it is ${state.kind}`);
  }
  const patient = 'setInterval(() => {}, 1000)';

  it('U1 U2 U3 starts it, leaves it alone, starts it again after its death, and replaces it by another', async () => {
    assert.equal(await bringUp(service(patient), home), 'started');
    const first = await running();
    assert.equal(await bringUp(service(patient), home), 'already running');
    assert.deepEqual(await running(), first);

    process.kill(first.pid, 'SIGKILL');
    assert.equal(await goneWithin(first, 5000), true);
    assert.equal(await bringUp(service(patient), home), 'restarted');
    const second = await running();

    assert.equal(await bringUp(service(`${patient}; 'changed'`), home), 'upgraded');
    assert.equal(await isAlive(second), false);
    assert.notEqual((await running()).pid, second.pid);
  });

  it('waits until it answers', async () => {
    let asked = 0;
    const { ca, server: files } = etcdFiles(home);
    const [authority, cert, key] = await Promise.all([ca, files.cert, files.key].map((file) => readFile(file)));
    const server = createServer({ ca: authority, cert, key, requestCert: true }, (_request, response) => {
      asked += 1;
      response.writeHead(asked < 3 ? 503 : 200).end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const ports = { ...DEFAULT_PORTS, etcd: (server.address() as AddressInfo).port };
    await bringUp(service(patient), home);
    await waitReady(service(patient), { home, ports, nodeName: 'n' }, 5000);
    assert.equal(asked, 3);
    asked = -1000;
    await assert.rejects(
      waitReady(service(patient), { home, ports, nodeName: 'n' }, 200),
      /not ready.*\/health answers 503/,
    );
    server.close();
  });

  it('fails with the end of its log when it ends instead of becoming ready', async () => {
    const broken = service('console.error("the disk is full"); process.exit(3)');
    const ports = { ...DEFAULT_PORTS, etcd: 1 };
    await bringUp(broken, home);
    await assert.rejects(
      waitReady(broken, { home, ports, nodeName: 'n' }, 10_000),
      /the store ended instead of becoming ready\.[\s\S]*the disk is full/,
    );
  });
});
