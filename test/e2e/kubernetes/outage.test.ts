/** What clients and controllers see while one of the two API servers is away, and that everything finds together after. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  CustomObjectsApi,
  KubeConfig,
  type KubernetesListObject,
  type KubernetesObject,
  makeInformer,
} from '@kubernetes/client-node';
import type { VirtualMachine } from '../../../openapi/api.ts';
import type { Client } from '../../../openapi/client/client.ts';
import { Informer } from '../../../openapi/client/informer.ts';
import { type ApiObject, resources } from '../../../openapi/client/resources.ts';
import { isError } from '../../../openapi/machinery/errors.ts';
import { adminOf, type Cluster, clusterUp, until } from '../../harness/kubernetes.ts';
import { availability, type BoundKubectl, bindKubectl } from './kubectl.ts';
import { machine } from './machines.ts';
import { asAdmin, machinesPath, type Requester } from './requests.ts';

const namespace = 'outage';
/** The longest pause of a controller that was told of a failure again and again. */
const CONVERGED_MS = 180_000;

let cluster: Cluster;
let client: Client;
let admin: Requester;
let kubectl: BoundKubectl;
let ours: Informer<VirtualMachine>;
let theirs: Awaited<ReturnType<typeof clientNodeInformer>>;
let ending = false;

before(async () => {
  cluster = await clusterUp();
  client = await adminOf(cluster);
  admin = await asAdmin(cluster);
  kubectl = await bindKubectl(cluster);
  await newNamespace(namespace);
  for (const name of ['first', 'second', 'third']) await newMachine(namespace, name);
  ours = new Informer(client, resources.virtualMachines, { namespace });
  ours.start();
  theirs = await clientNodeInformer();
  await inStep('at the beginning');
});
after(async () => {
  ending = true;
  await theirs.stop();
  await ours.stop();
  await client.delete(resources.namespaces, { name: namespace });
  client.close();
  admin.close();
  await kubectl.close();
});

const newNamespace = (name: string) =>
  client.create(resources.namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
const newMachine = (where: string, name: string) =>
  client.create(
    resources.virtualMachines,
    machine(name, { metadata: { namespace: where } }) as unknown as VirtualMachine,
  );

/** As a program uses it that was written with the library of the Kubernetes project. */
async function clientNodeInformer() {
  const config = new KubeConfig();
  config.loadFromFile(cluster.kubeconfig);
  const api = config.makeApiClient(CustomObjectsApi);
  const which = { group: 'torpor.dev', version: 'v1alpha1', namespace, plural: 'virtualmachines' };
  const list = async () => (await api.listNamespacedCustomObject(which)) as KubernetesListObject<KubernetesObject>;
  const informer = makeInformer<KubernetesObject>(config, machinesPath(namespace), list);
  // It ends itself on every failure; starting it again is left to its user.
  informer.on('error', () => {
    setTimeout(() => {
      if (!ending) void informer.start().catch(() => {});
    }, 500);
  });
  await informer.start();
  return informer;
}

const shown = (machines: readonly Pick<ApiObject | KubernetesObject, 'metadata'>[]) =>
  machines.map(({ metadata }) => `${metadata?.name} ${metadata?.uid} ${metadata?.resourceVersion}`).sort();

/** Both informers have exactly what the server lists. */
async function inStep(when: string): Promise<void> {
  let told = '';
  await until(
    `informers are in step ${when}`,
    async () => {
      const { items } = await client.list(resources.virtualMachines, { namespace });
      const [wanted, one, other] = [shown(items), shown(ours.list()), shown(theirs.list())];
      told = JSON.stringify({ wanted, one, other });
      return wanted.join() === one.join() && wanted.join() === other.join() ? true : undefined;
    },
    CONVERGED_MS,
  ).catch((error: Error) => assert.fail(`${error.message}: ${told}`));
}

/** Things that happened while nobody could look, and things that happen now. */
async function changes(round: string): Promise<void> {
  await newMachine(namespace, `new-${round}`);
  await client.patch(resources.virtualMachines, { namespace, name: 'first' }, { metadata: { labels: { round } } });
}

const condition = async (name: string, type: string) => {
  const found = (await client.get(resources.namespaces, { name })) as ApiObject & {
    status?: { conditions?: { type: string; status: string }[] };
  };
  return found.status?.conditions?.some((each) => each.type === type && each.status === 'True') ? true : undefined;
};

test('D35: while our server is away its part answers 503 and never 404, and everything else goes on', async () => {
  await newNamespace('outage-full');
  await newMachine('outage-full', 'held');
  await newNamespace('outage-empty');
  await cluster.stop('torpor-apiserver');
  const seen = new Set<string>();
  const ask = async (target: string) => {
    const answer = await admin.ask(target);
    seen.add(`${answer.status} ${answer.headers['content-type']}`);
  };
  await until('kube-apiserver has noticed', async () => {
    await ask(machinesPath(namespace));
    await ask(machinesPath(namespace, 'first'));
    const found = await availability(kubectl);
    return found.status === 'False' && found.reason === 'FailedDiscoveryCheck' ? true : undefined;
  });
  await ask(machinesPath(namespace));
  for (const one of seen) assert.match(one, /^503 text\/plain/);
  assert.match(await kubectl.ok(['get', 'configmaps', '-A']), /kube-system/);
  // What kube-apiserver knows itself it goes on saying.
  assert.equal((await admin.ask('/apis/torpor.dev')).status, 200);
});

test('D25, N6, N17: meanwhile discovery tells of the group that is missing, and no namespace is believed to be empty', async () => {
  const listed = await kubectl.run(['api-resources']);
  assert.equal(listed.code, 1);
  assert.match(listed.stderr, /torpor\.dev\/v1alpha1/);
  assert.match(listed.stdout, /^configmaps/m);
  for (const name of ['outage-full', 'outage-empty']) await client.delete(resources.namespaces, { name });
  for (const name of ['outage-full', 'outage-empty'])
    await until(`${name} cannot be looked through`, () => condition(name, 'NamespaceDeletionDiscoveryFailure'));
});

test('N7, D32: once it is back the group is available, namespaces finish and no machine is left', async () => {
  await cluster.start('torpor-apiserver');
  const found = await until('available again', async () => {
    const now = await availability(kubectl);
    return now.status === 'True' ? now : undefined;
  });
  assert.equal(found.reason, 'Passed');
  for (const name of ['outage-full', 'outage-empty']) {
    await until(
      `${name} is gone`,
      () =>
        client.get(resources.namespaces, { name }).then(
          () => undefined,
          (error: unknown) => (isError(error, 'notFound') ? true : undefined),
        ),
      CONVERGED_MS,
    );
  }
  assert.deepEqual((await client.list(resources.virtualMachines, { namespace: 'outage-full' })).items, []);
  assert.equal((await kubectl.run(['api-resources'])).code, 0);
});

test('informers are in step after an orderly end of our server, and after its death', async () => {
  await changes('orderly');
  await inStep('after an orderly end');
  await cluster.stop('torpor-apiserver', 'SIGKILL');
  await cluster.start('torpor-apiserver');
  await until('requests pass', async () =>
    (await admin.ask(machinesPath(namespace))).status === 200 ? true : undefined,
  );
  await changes('killed');
  await client.delete(resources.virtualMachines, { namespace, name: 'second' });
  await inStep('after its death');
});

test('informers are in step after the death and after an orderly end of kube-apiserver', async () => {
  for (const how of ['SIGKILL', 'in order'] as const) {
    await cluster.stop('kube-apiserver', how);
    await cluster.start('kube-apiserver');
    await until('requests pass', async () =>
      (await admin.ask(machinesPath(namespace))).status === 200 ? true : undefined,
    );
    await changes(how === 'SIGKILL' ? 'host-killed' : 'host-ended');
    await inStep(`after kube-apiserver ended (${how})`);
  }
});

test('D1, D5: what names only the group never reaches us, and a group version that does not answer is given up after five seconds', async () => {
  await cluster.freeze('torpor-apiserver');
  try {
    assert.equal((await admin.ask('/apis/torpor.dev')).status, 200);
    assert.equal((await admin.ask('/version')).status, 200);
    const started = performance.now();
    const answer = await admin.ask('/apis/torpor.dev/v1alpha1');
    const seconds = (performance.now() - started) / 1000;
    assert.ok(answer.status === 503 || answer.status === 504, `${answer.status} ${answer.text}`);
    assert.ok(seconds < 30, `given up after ${seconds} s`);
  } finally {
    await cluster.thaw('torpor-apiserver');
  }
  await until('available again', async () => ((await availability(kubectl)).status === 'True' ? true : undefined));
});
