import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { answerJson, FakeServer } from '../../../openapi/client/fake-server.ts';
import { ServiceAddresses, type ServiceRouting } from './service-address.ts';

let server: FakeServer;
before(async () => {
  server = await new FakeServer().start();
});
after(() => server.stop());
afterEach(() => {
  server.requests.length = 0;
});

function cluster(spec: object, subsets: object[] = []): void {
  server.intercept = (_request, response, { pathname }) => {
    const metadata = { namespace: 'hooks', name: 'hook' };
    if (pathname === '/api/v1/namespaces/hooks/services/hook') return answerJson(response, 200, { metadata, spec });
    if (pathname === '/api/v1/namespaces/hooks/endpoints/hook') return answerJson(response, 200, { metadata, subsets });
    return answerJson(response, 404, {});
  };
}
const reference = { namespace: 'hooks', name: 'hook', port: 443 };
const resolve = (routing: ServiceRouting, more = {}) =>
  new ServiceAddresses(server.client, routing).resolve({ ...reference, ...more });

const ports = [
  { name: 'metrics', port: 9090 },
  { name: 'https', port: 443 },
];

test('by cluster IP the port is that of the Service', async () => {
  cluster({ clusterIP: '10.0.0.7', ports });
  assert.deepEqual(await resolve('cluster-ip'), { host: '10.0.0.7', port: 443 });
  await assert.rejects(resolve('cluster-ip', { port: 444 }), /hooks\/hook has no TCP port 444/);
  cluster({ clusterIP: 'None', ports });
  await assert.rejects(resolve('cluster-ip'), /has no cluster IP/);
});

test('by endpoints it is a ready address, at the port of that name', async () => {
  const subset = {
    addresses: [{ ip: '10.1.0.1' }, { ip: '10.1.0.2' }],
    notReadyAddresses: [{ ip: '10.1.0.9' }],
    ports: [
      { name: 'https', port: 8443 },
      { name: 'metrics', port: 8080 },
    ],
  };
  cluster({ clusterIP: '10.0.0.7', ports }, [
    subset,
    { addresses: [{ ip: '10.1.0.3' }], ports: [{ name: 'x', port: 1 }] },
  ]);
  const addresses = new ServiceAddresses(server.client, 'endpoints');
  const seen = new Set<string>();
  for (let count = 0; count < 50; count += 1) {
    const { host, port } = await addresses.resolve(reference);
    seen.add(`${host}:${port}`);
  }
  assert.deepEqual([...seen].sort(), ['10.1.0.1:8443', '10.1.0.2:8443']);
  cluster({ clusterIP: '10.0.0.7', ports }, [{ notReadyAddresses: [{ ip: '10.1.0.9' }], ports: subset.ports }]);
  await assert.rejects(resolve('endpoints'), /no endpoints available/);
});

test('a name outside stands for itself either way', async () => {
  cluster({ type: 'ExternalName', externalName: 'hooks.example.com' });
  for (const routing of ['cluster-ip', 'endpoints'] as const) {
    assert.deepEqual(await resolve(routing), { host: 'hooks.example.com', port: 443 });
  }
});

test('what was found is used again until a connection fails; a failure is not kept', async () => {
  cluster({ clusterIP: '10.0.0.7', ports });
  const addresses = new ServiceAddresses(server.client, 'cluster-ip');
  await addresses.resolve(reference);
  await addresses.resolve(reference);
  assert.equal(server.requests.length, 1);
  addresses.forget(reference);
  await addresses.resolve(reference);
  assert.equal(server.requests.length, 2);
  const missing = { ...reference, name: 'other' };
  await assert.rejects(addresses.resolve(missing));
  await assert.rejects(addresses.resolve(missing));
  assert.equal(server.requests.length, 4);
});
