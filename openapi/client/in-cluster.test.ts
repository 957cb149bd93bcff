import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { connectInCluster, isInCluster } from './in-cluster.ts';

let directory: string;
before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'torpor-in-cluster-'));
});
after(() => rm(directory, { recursive: true }));

const environment = { KUBERNETES_SERVICE_HOST: '10.0.0.1', KUBERNETES_SERVICE_PORT: '6443' };

test('a pod connects with the token, the authority and the namespace of its service account', async () => {
  await writeFile(join(directory, 'token'), 'first\n');
  await writeFile(join(directory, 'ca.crt'), 'CA');
  await writeFile(join(directory, 'namespace'), 'torpor-system');
  const connection = await connectInCluster({ environment, directory });
  assert.equal(connection.server.href, 'https://10.0.0.1:6443/');
  assert.equal(connection.namespace, 'torpor-system');
  const { tls, headers } = await connection.authorize();
  assert.equal(headers.authorization, 'Bearer first');
  assert.equal(String(tls.ca), 'CA');
});

test('a token that the kubelet has replaced is taken up within a minute', async (t) => {
  t.mock.timers.enable({ apis: ['Date'], now: 1_000_000 });
  await writeFile(join(directory, 'token'), 'first');
  const connection = await connectInCluster({ environment, directory });
  await writeFile(join(directory, 'token'), 'second');
  assert.equal((await connection.authorize()).headers.authorization, 'Bearer first');
  t.mock.timers.tick(60_000);
  assert.equal((await connection.authorize()).headers.authorization, 'Bearer second');
});

test('addresses of IPv6 stand in brackets', async () => {
  const connection = await connectInCluster({
    environment: { ...environment, KUBERNETES_SERVICE_HOST: 'fd00::1' },
    directory,
  });
  assert.equal(connection.server.host, '[fd00::1]:6443');
});

test('outside of a pod, and without a service account, it says what is missing', async () => {
  assert.equal(isInCluster({}), false);
  await assert.rejects(connectInCluster({ environment: {}, directory }), /this is no pod: KUBERNETES_SERVICE_HOST/);
  await assert.rejects(
    connectInCluster({ environment, directory: join(directory, 'absent') }),
    /cannot read .*\/absent\/(ca\.crt|token)/,
  );
});
