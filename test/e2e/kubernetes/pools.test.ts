/** Pools of machines behind a real kube-apiserver: scaled by kubectl and by the autoscaler, ended by the garbage collector. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Cluster, clusterUp, until } from '../../harness/kubernetes.ts';
import { type BoundKubectl, bindKubectl } from './kubectl.ts';
import { machine } from './machines.ts';

const namespace = 'pools';
/** The autoscaler looks every 15 seconds, the collector for new kinds twice a minute. */
const CONTROLLED_MS = 120_000;

let cluster: Cluster;
let kubectl: BoundKubectl;
before(async () => {
  cluster = await clusterUp();
  kubectl = await bindKubectl(cluster);
  await kubectl.ok(['create', 'namespace', namespace]);
});
after(async () => {
  await kubectl?.ok(['delete', 'namespace', namespace, '--wait=false']);
  await kubectl?.close();
});

const says = (...args: string[]) => kubectl.ok(['-n', namespace, ...args]);
const create = (object: unknown) => kubectl.ok(['-n', namespace, 'create', '-f', '-'], object);
const pool = (name: string) => ({
  apiVersion: 'torpor.dev/v1alpha1',
  kind: 'VirtualMachinePool',
  metadata: { name },
  spec: {
    replicas: 1,
    selector: { matchLabels: { app: name } },
    template: { metadata: { labels: { app: name } }, spec: machine('').spec },
  },
});
const wanted = (name: string) => says('get', 'vmpool', name, '-o', 'jsonpath={.spec.replicas}');
const machinesOf = async (name: string) =>
  (await says('get', 'vm', '-l', `app=${name}`, '-o', 'name')).split('\n').filter((line) => line !== '');
const settles = (name: string, count: number) =>
  until(
    `${name} has ${count} machines`,
    async () => {
      const told = await says('get', 'vmpool', name, '-o', 'jsonpath={.status.replicas}');
      return told === String(count) && (await machinesOf(name)).length === count ? true : undefined;
    },
    CONTROLLED_MS,
  );

test('U1: kubectl scale through the aggregator, with its conditions, and what the reconcilers make of it', async () => {
  await create(pool('web'));
  await settles('web', 1);
  assert.match(await says('scale', 'vmpool', 'web', '--replicas=3'), /virtualmachinepool.torpor.dev\/web scaled/);
  await settles('web', 3);
  assert.match(await says('scale', 'vmpool', 'web', '--replicas=2', '--current-replicas=3'), /scaled/);
  const refused = await kubectl.run([
    ...['-n', namespace, 'scale', 'vmpool', 'web', '--replicas=9', '--current-replicas=3'],
  ]);
  assert.notEqual(refused.code, 0);
  assert.equal(await wanted('web'), '2');
  await settles('web', 2);
});

test('U1: the autoscaler of Kubernetes finds the scale, reads it and writes it', async () => {
  await create(pool('scaled'));
  await settles('scaled', 1);
  // Nothing measures the machines; the least number is kept all the same.
  await create({
    apiVersion: 'autoscaling/v1',
    kind: 'HorizontalPodAutoscaler',
    metadata: { name: 'scaled' },
    spec: {
      scaleTargetRef: { apiVersion: 'torpor.dev/v1alpha1', kind: 'VirtualMachinePool', name: 'scaled' },
      minReplicas: 3,
      maxReplicas: 5,
    },
  });
  await settles('scaled', 3);
  assert.equal(await wanted('scaled'), '3');
  const conditions = await says('get', 'hpa', 'scaled', '-o', 'jsonpath={.metadata.annotations}{.status}');
  assert.match(conditions, /SucceededRescale|SucceededGetScale/);
});

test('the garbage collector of Kubernetes ends the machines of a pool that is deleted', async () => {
  await create(pool('ended'));
  await settles('ended', 1);
  await says('scale', 'vmpool', 'ended', '--replicas=3');
  await settles('ended', 3);
  await says('delete', 'vmpool', 'ended');
  await until(
    'no machine of the pool is left',
    async () => ((await machinesOf('ended')).length === 0 ? true : undefined),
    CONTROLLED_MS,
  );
});
