/** Rules of a real cluster for our objects: webhooks, quotas, namespaces. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { type ResourceQuota, resourceQuotas } from '../../../apiserver/admission/kinds.ts';
import { type Authority, openAuthority } from '../../../base/certificates/authority.ts';
import type { VirtualMachine } from '../../../openapi/api.ts';
import type { Client } from '../../../openapi/client/client.ts';
import { resources } from '../../../openapi/client/resources.ts';
import { isError, StatusError } from '../../../openapi/machinery/errors.ts';
import { adminOf, type Cluster, clusterUp, until } from '../../harness/kubernetes.ts';
import { patch, WebhookServer } from '../../harness/webhook-server.ts';
import { type BoundKubectl, bindKubectl } from './kubectl.ts';
import { machine } from './machines.ts';
import { asAdmin, type Requester } from './requests.ts';

const NAMESPACE = 'admission';
const COUNT = 'count/virtualmachines.torpor.dev';

let directory: string;
let cluster: Cluster;
let client: Client;
let admin: Requester;
let kubectl: BoundKubectl;
let authority: Authority;
let hook: WebhookServer;

before(async () => {
  cluster = await clusterUp();
  client = await adminOf(cluster);
  admin = await asAdmin(cluster);
  kubectl = await bindKubectl(cluster);
  directory = await mkdtemp(join(tmpdir(), 'torpor-admission-'));
  authority = await openAuthority(join(directory, 'webhooks'), 'webhook-ca');
  // A Service has no endpoint on a loopback address.
  const { hostname } = new URL(cluster.direct);
  hook = await WebhookServer.start(authority, [hostname, `hook.${NAMESPACE}.svc`], hostname);
  await newNamespace(NAMESPACE);
});
after(async () => {
  await kubectl.run(['delete', 'namespace', NAMESPACE, '--wait=false']);
  await hook.stop();
  await kubectl.close();
  client.close();
  admin.close();
  await rm(directory, { recursive: true, force: true });
});
afterEach(async () => {
  const kinds = 'mutatingwebhookconfiguration,validatingwebhookconfiguration';
  await kubectl.ok(['delete', kinds, '-l', 'suite=admission']);
  hook.reset();
});

const newNamespace = (name: string) =>
  client.create(resources.namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
const newMachine = (name: string, namespace = NAMESPACE) =>
  client.create(resources.virtualMachines, machine(name, { metadata: { namespace } }) as unknown as VirtualMachine);

/** A configuration with one webhook for our machines in the namespace of this suite. */
function configuration(kind: 'Mutating' | 'Validating', name: string, clientConfig: object, more: object = {}) {
  return {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: `${kind}WebhookConfiguration`,
    metadata: { name, labels: { suite: 'admission' } },
    webhooks: [
      {
        name: `${name}.example.com`,
        clientConfig: { caBundle: Buffer.from(authority.certificate).toString('base64'), ...clientConfig },
        rules: [{ operations: ['*'], apiGroups: ['torpor.dev'], apiVersions: ['*'], resources: ['*/*'] }],
        namespaceSelector: { matchLabels: { suite: 'admission' } },
        sideEffects: 'None',
        admissionReviewVersions: ['v1'],
        ...more,
      },
    ],
  };
}

/** Registered and in force: a change reaches our server a moment after it was made. */
async function register(...configurations: ReturnType<typeof configuration>[]): Promise<void> {
  await kubectl.ok(['label', 'namespace', NAMESPACE, 'suite=admission', '--overwrite']);
  for (const one of configurations) {
    await kubectl.ok(['apply', '-f', '-'], one);
    const path = `/${one.metadata.name}`;
    await until(`${one.metadata.name} is asked`, async () => {
      hook.received.length = 0;
      await admin.ask(`/apis/torpor.dev/v1alpha1/namespaces/${NAMESPACE}/virtualmachines?dryRun=All`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify(machine('probe')),
      });
      return hook.received.some((received) => received.path === path) || undefined;
    });
  }
  hook.received.length = 0;
}

/** The request of the nth review. */
const told = (index: number): Readonly<Record<string, unknown>> => hook.received[index]?.review.request ?? {};

const byUrl = (path: string) => ({ url: `https://${new URL(cluster.direct).hostname}:${hook.port}/${path}` });

test('A30, A32, A34: webhooks of the cluster change and refuse our machines, and kubectl shows their words', async () => {
  await register(
    configuration('Mutating', 'mutate', byUrl('mutate')),
    configuration('Validating', 'check', byUrl('check')),
  );
  hook.respond = ({ path, review: { request } }) => {
    if (path === '/mutate') return patch({ op: 'add', path: '/metadata/labels', value: { by: 'webhook' } });
    const allowed = request.name !== 'unwanted';
    return {
      allowed,
      warnings: ['mind the gap'],
      ...(allowed ? {} : { status: { code: 403, message: 'not wanted' } }),
    };
  };
  const made = await kubectl.run(['apply', '-n', NAMESPACE, '-f', '-'], machine('wanted'));
  assert.equal(made.code, 0, made.stderr);
  assert.match(made.stderr, /Warning: mind the gap/);
  assert.deepEqual(hook.asked, ['mutate', 'check']);
  const { operation, userInfo } = told(1);
  assert.equal(operation, 'CREATE');
  // Who really asks, and not the aggregator.
  assert.ok((userInfo as { groups: string[] }).groups.includes('system:masters'));
  const label = await kubectl.ok(['get', 'vm', '-n', NAMESPACE, 'wanted', '-o', 'jsonpath={.metadata.labels.by}']);
  assert.equal(label, 'webhook');
  const refused = await kubectl.run(['create', '-n', NAMESPACE, '-f', '-'], machine('unwanted'));
  assert.notEqual(refused.code, 0);
  assert.match(refused.stderr, /admission webhook "check\.example\.com" denied the request: not wanted/);
});

test('A33: a webhook that is a Service is called at its endpoint, under the name of the Service', async () => {
  const ports = [{ name: 'https', port: 443 }];
  await kubectl.ok(['apply', '-n', NAMESPACE, '-f', '-'], {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'hook' },
    spec: { ports },
  });
  await kubectl.ok(['apply', '-n', NAMESPACE, '-f', '-'], {
    apiVersion: 'v1',
    kind: 'Endpoints',
    metadata: { name: 'hook' },
    subsets: [{ addresses: [{ ip: new URL(cluster.direct).hostname }], ports: [{ name: 'https', port: hook.port }] }],
  });
  await register(
    configuration('Validating', 'service', { service: { namespace: NAMESPACE, name: 'hook', path: '/service' } }),
  );
  await newMachine('by-service');
  const [received] = hook.received;
  assert.equal(received?.servername, `hook.${NAMESPACE}.svc`);
  assert.equal(received?.path, '/service');
});

test('A35: deletes are asked about with the old object alone, and can be refused', async () => {
  await newMachine('kept');
  await register(configuration('Validating', 'deletes', byUrl('deletes')));
  hook.respond = ({ review: { request } }) => ({ allowed: request.operation !== 'DELETE' });
  const refused = await kubectl.run(['delete', 'vm', '-n', NAMESPACE, 'kept', '--wait=false']);
  assert.match(refused.stderr, /denied the request without explanation/);
  const { object, oldObject } = told(0);
  assert.deepEqual([object, (oldObject as VirtualMachine).metadata.name], [null, 'kept']);
  hook.respond = () => ({ allowed: true });
  await kubectl.ok(['delete', 'vm', '-n', NAMESPACE, 'kept']);
});

test('A36, N16: a quota counted by the cluster’s controller bounds machines, and has room again after a delete', async () => {
  const namespace = 'admission-quota';
  await newNamespace(namespace);
  await client.create(resourceQuotas, {
    apiVersion: 'v1',
    kind: 'ResourceQuota',
    metadata: { namespace, name: 'machines' },
    spec: { hard: { [COUNT]: '3' } },
  });
  const used = async () =>
    ((await client.get(resourceQuotas, { namespace, name: 'machines' })) as ResourceQuota).status?.used?.[COUNT];
  await until('the quota is counted', async () => (await used()) === '0' || undefined);
  // Our server has seen the counted quota too when it refuses: until then nothing is limited.
  const names = Array.from({ length: 12 }, (_, index) => `one-${index}`);
  await until('the quota is in force', async () => {
    const answer = await admin.ask(`/api/v1/namespaces/${namespace}/resourcequotas/machines`);
    return (JSON.parse(answer.text) as ResourceQuota).status?.hard?.[COUNT] === '3' || undefined;
  });
  const outcomes = await Promise.allSettled(names.map((name) => newMachine(name, namespace)));
  const made = names.filter((_, index) => outcomes[index]?.status === 'fulfilled');
  const refusals = outcomes.flatMap((one) => (one.status === 'rejected' ? [one.reason as Error] : []));
  assert.equal(made.length, 3);
  for (const error of refusals) {
    assert.ok(error instanceof StatusError && error.code === 403, String(error));
    assert.match(error.message, /exceeded quota: machines, requested: count\/virtualmachines\.torpor\.dev=1/);
  }
  assert.equal(await used(), '3');
  const shown = await kubectl.ok(['get', 'resourcequota', '-n', namespace, 'machines']);
  assert.match(shown, /count\/virtualmachines\.torpor\.dev: 3\/3/);
  await client.delete(resources.virtualMachines, { namespace, name: made[0] ?? '' });
  await until('there is room again', async () => (await used()) === '2' || undefined);
  await until('a machine fits again', () => newMachine('again', namespace));
  await kubectl.ok(['delete', 'namespace', namespace, '--wait=false']);
});

test('A31: nothing is made in a namespace that is missing or on its way out, with the cause that controllers know', async () => {
  await assert.rejects(newMachine('a', 'nowhere'), (error) => isError(error, 'notFound'));
  const namespace = 'admission-ending';
  await newNamespace(namespace);
  await client.create(
    resources.virtualMachines,
    machine('holds', { metadata: { namespace, finalizers: ['torpor.dev/test-hold'] } }) as unknown as VirtualMachine,
  );
  await client.delete(resources.namespaces, { name: namespace });
  const refused = await until('the end of the namespace is known', async () => {
    try {
      await client.create(
        resources.virtualMachines,
        machine('late', { metadata: { namespace } }) as unknown as VirtualMachine,
        { query: { dryRun: 'All' } },
      );
      return undefined;
    } catch (error) {
      return error as StatusError;
    }
  });
  assert.equal(refused.code, 403);
  assert.deepEqual(refused.causes, [
    {
      reason: 'NamespaceTerminating',
      message: `namespace ${namespace} is being terminated`,
      field: 'metadata.namespace',
    },
  ]);
  const free = { metadata: { finalizers: null } };
  await client.patch(resources.virtualMachines, { namespace, name: 'holds' }, free);
  await until('the namespace is gone', () => goneNamespace(namespace), 120_000);
});

async function goneNamespace(name: string): Promise<true | undefined> {
  try {
    await client.get(resources.namespaces, { name });
    return undefined;
  } catch (error) {
    if (isError(error, 'notFound')) return true;
    throw error;
  }
}

test('N8, N7: what a namespace left behind that was taken away by force does not come back with its name', async () => {
  const namespace = 'admission-forced';
  await newNamespace(namespace);
  await newMachine('left', namespace);
  // Without our server its controller can neither empty the namespace nor let it go.
  await cluster.stop('torpor-apiserver');
  await client.delete(resources.namespaces, { name: namespace });
  const going = await client.get(resources.namespaces, { name: namespace });
  await client.updateSubresource(resources.namespaces, { ...going, spec: { finalizers: [] } }, 'finalize');
  await until('the namespace is gone', () => goneNamespace(namespace));
  await cluster.start('torpor-apiserver');
  await until('nothing is left in it', async () => {
    const { items } = await client.list(resources.virtualMachines, { namespace });
    return items.length === 0 || undefined;
  });
});

test('A38: this cluster has no ValidatingAdmissionPolicies, and that holds nothing up', async () => {
  const kinds = await kubectl.ok(['api-resources', '--api-group=admissionregistration.k8s.io', '-o', 'name']);
  assert.doesNotMatch(kinds, /validatingadmissionpolicies/);
  await newMachine('without-policies');
});
