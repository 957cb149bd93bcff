import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { committed, put, WatchReader } from '../../storage/contract/fixture.ts';
import { EtcdStore } from '../../storage/etcd/etcd-store.ts';
import { readEtcdTls } from '../../storage/etcd/options.ts';
import { StoreUnavailable } from '../../storage/store.ts';
import { startEtcd, type TemporaryEtcd } from '../harness/etcd.ts';

const silent = { info: () => undefined, warn: () => undefined };

describe('etcd with TLS and client certificates', () => {
  let directory: string;
  let etcd: TemporaryEtcd;
  const path = (name: string): string => join(directory, name);
  const openssl = (...args: string[]): void => {
    execFileSync('openssl', args, { cwd: directory, stdio: 'pipe' });
  };
  const open = async (files: Parameters<typeof readEtcdTls>[0]): Promise<EtcdStore> => {
    const tls = await readEtcdTls(files);
    return new EtcdStore({
      servers: [etcd.endpoint],
      prefix: '/test',
      log: silent,
      callDeadlineMs: 1_000,
      compactEveryMs: 0,
      ...(tls === undefined ? {} : { tls }),
    });
  };

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'torpor-etcd-tls-'));
    const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
    openssl('req', '-x509', ...newKey, '-keyout', 'ca.key', '-out', 'ca.crt', '-subj', '/CN=etcd-ca', '-days', '2');
    await writeFile(path('san'), 'subjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth,clientAuth\n');
    for (const name of ['server', 'client']) {
      openssl('req', ...newKey, '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', `/CN=${name}`);
      const sign = ['-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2', '-extfile', 'san'];
      openssl('x509', '-req', '-in', `${name}.csr`, ...sign, '-out', `${name}.crt`);
    }
    etcd = await startEtcd({ tls: { ca: path('ca.crt'), cert: path('server.crt'), key: path('server.key') } });
  });
  after(async () => {
    await etcd.stop();
    await rm(directory, { recursive: true, force: true });
  });

  it('works with the CA and a client certificate, watches too', async () => {
    const store = await open({ caFile: path('ca.crt'), certFile: path('client.crt'), keyFile: path('client.key') });
    const watch = new WatchReader(store, '/', await store.newestRevision());
    const revision = await committed(store, put('/x/a', '1'));
    assert.equal((await watch.until(revision)).length, 1);
    await watch.close();
    await store.close();
  });

  it('does not work without the client certificate', async () => {
    const store = await open({ caFile: path('ca.crt') });
    await assert.rejects(store.get('/x/a'), StoreUnavailable);
    await store.close();
  });

  it('names the flag of a file that is missing or cannot be read', async () => {
    assert.equal(await readEtcdTls({}), undefined);
    await assert.rejects(readEtcdTls({ certFile: 'x', keyFile: 'y' }), /need --etcd-cafile/);
    await assert.rejects(readEtcdTls({ caFile: path('ca.crt'), keyFile: 'y' }), /go together/);
    await assert.rejects(readEtcdTls({ caFile: path('none') }), /--etcd-cafile .*none cannot be read: ENOENT/);
  });
});
