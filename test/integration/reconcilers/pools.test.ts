import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import type { VirtualMachine, VirtualMachinePool, VirtualMachinePoolSpec } from '../../../openapi/api.ts';
import { resources } from '../../../openapi/client/resources.ts';
import { watch } from '../../../openapi/client/watch.ts';
import { isError } from '../../../openapi/machinery/errors.ts';
import { NODE, type Processes, type Reconcilers, startProcesses, until } from './processes.ts';
import { StandInAgent } from './stand-in-agent.ts';

const { virtualMachines, virtualMachinePools, namespaces, events } = resources;
const namespace = 'default';

function pool(name: string, spec: Partial<VirtualMachinePoolSpec> = {}, where = namespace): VirtualMachinePool {
  return {
    apiVersion: 'torpor.dev/v1alpha1',
    kind: 'VirtualMachinePool',
    metadata: { name, namespace: where },
    spec: {
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name } },
        spec: {
          domain: { memory: { guest: '64Mi' } },
          volumes: [{ name: 'root', emptyDisk: { capacity: '1Gi' } }],
        },
      },
      ...spec,
    },
  };
}

describe('pools, by the real reconcilers against the real API server', { timeout: 240_000 }, () => {
  let processes: Processes;
  let reconcilers: Reconcilers;
  let agent: StandInAgent;

  before(async () => {
    processes = await startProcesses();
    reconcilers = await processes.startReconcilers();
    agent = new StandInAgent(processes.launcher, NODE);
    await agent.start({ cpu: '64', memory: '16Gi' });
  });
  after(async () => {
    await agent?.stop();
    await processes?.stop();
  });
  afterEach(() => assert.deepEqual(agent.problems, []));

  const machinesOf = async (name: string, where = namespace): Promise<readonly VirtualMachine[]> =>
    (await processes.admin.list(virtualMachines, { namespace: where, labelSelector: `app=${name}` })).items;
  const alive = async (name: string) => (await machinesOf(name)).filter(({ metadata }) => !metadata.deletionTimestamp);
  const read = (name: string) => processes.admin.get(virtualMachinePools, { namespace, name });
  const scale = (name: string, replicas: number) =>
    processes.admin.patch(virtualMachinePools, { namespace, name }, { spec: { replicas } }, { subresource: 'scale' });

  async function settles(name: string, replicas: number, ready = replicas): Promise<VirtualMachinePool> {
    let found = await read(name);
    await until(
      async () => {
        found = await read(name);
        const { status = {} } = found;
        return (
          status.observedGeneration === found.metadata.generation &&
          status.replicas === replicas &&
          status.readyReplicas === ready
        );
      },
      30_000,
      () => found.status,
    );
    assert.equal((await alive(name)).length, replicas);
    return found;
  }
  async function isEmpty(name: string, where = namespace): Promise<void> {
    let left: readonly VirtualMachine[] = [];
    await until(
      async () => {
        left = await machinesOf(name, where);
        return left.length === 0;
      },
      30_000,
      () => left.map(({ metadata }) => metadata),
    );
  }

  test('one, three, none: machines are made and go by scale, and the status says so', async () => {
    await processes.admin.create(virtualMachinePools, pool('steps'));
    await settles('steps', 1);
    const [first] = await alive('steps');
    assert.match(first?.metadata.name ?? '', /^steps-[a-z0-9]{5}$/);
    const { uid } = (await read('steps')).metadata;
    assert.deepEqual(first?.metadata.ownerReferences, [
      {
        apiVersion: 'torpor.dev/v1alpha1',
        kind: 'VirtualMachinePool',
        name: 'steps',
        uid,
        controller: true,
        blockOwnerDeletion: true,
      },
    ]);
    await scale('steps', 3);
    const settled = await settles('steps', 3);
    assert.equal(settled.status?.labelSelector, 'app=steps');
    assert.equal(settled.status?.updatedReplicas, 3);
    assert.ok((await alive('steps')).some(({ metadata }) => metadata.uid === first?.metadata.uid));
    await scale('steps', 0);
    await settles('steps', 0);
    await isEmpty('steps');
    const told = await processes.admin.list(events, { namespace, fieldSelector: 'involvedObject.name=steps' });
    const reasons = new Set(told.items.map(({ reason }) => reason));
    assert.deepEqual([...reasons].sort(), ['SuccessfulCreate', 'SuccessfulDelete']);
    await processes.admin.delete(virtualMachinePools, { namespace, name: 'steps' });
  });

  test('a machine that is deleted is made anew, and never one too many at any moment', async () => {
    const counts: number[] = [];
    const there = new Set<string>();
    const end = new AbortController();
    const { metadata } = await processes.admin.list(virtualMachines, { namespace });
    const options = { namespace, resourceVersion: metadata.resourceVersion ?? '', signal: end.signal };
    const watching = watch(processes.admin, virtualMachines, options, (event) => {
      if (event.type === 'BOOKMARK') return;
      const { name = '', labels, deletionTimestamp } = event.object.metadata;
      if (labels?.app !== 'steady') return;
      if (event.type === 'DELETED' || deletionTimestamp) there.delete(name);
      else there.add(name);
      counts.push(there.size);
    }).catch(() => undefined);
    await processes.admin.create(virtualMachinePools, pool('steady', { replicas: 20 }));
    await settles('steady', 20);
    const gone = (await alive('steady')).slice(0, 5);
    await Promise.all(
      gone.map((one) => processes.admin.delete(virtualMachines, { namespace, name: one.metadata.name ?? '' })),
    );
    await until(
      async () => {
        const names = new Set((await alive('steady')).map((one) => one.metadata.name));
        return names.size === 20 && gone.every((one) => !names.has(one.metadata.name));
      },
      30_000,
      () => counts.at(-1),
    );
    await settles('steady', 20);
    end.abort();
    await watching;
    assert.equal(Math.max(...counts), 20);
    await processes.admin.delete(virtualMachinePools, { namespace, name: 'steady' });
    await isEmpty('steady');
  });

  test('those that do not run go first', async () => {
    await processes.admin.create(virtualMachinePools, pool('picky', { replicas: 3 }));
    await settles('picky', 3);
    const [, middle] = await alive('picky');
    const name = middle?.metadata.name ?? '';
    await processes.admin.patch(virtualMachines, { namespace, name }, { spec: { runStrategy: 'Halted' } });
    // It counts on, because it is there; it is only not ready.
    await settles('picky', 3, 2);
    await scale('picky', 2);
    await settles('picky', 2);
    assert.ok((await alive('picky')).every(({ metadata }) => metadata.name !== name));
    await processes.admin.delete(virtualMachinePools, { namespace, name: 'picky' });
    await isEmpty('picky');
  });

  test('a new template is for machines that are made afterwards', async () => {
    await processes.admin.create(virtualMachinePools, pool('revised', { replicas: 2 }));
    const before = await settles('revised', 2);
    const template = { spec: { domain: { memory: { guest: '96Mi' } } } };
    await processes.admin.patch(virtualMachinePools, { namespace, name: 'revised' }, { spec: { template } });
    await scale('revised', 3);
    const after = await settles('revised', 3);
    assert.equal(after.status?.updatedReplicas, 1);
    assert.notEqual(after.status?.templateHash, before.status?.templateHash);
    const memory = (await alive('revised')).map(({ spec }) => String(spec.domain.memory?.guest)).sort();
    assert.deepEqual(memory, ['64Mi', '64Mi', '96Mi']);
    // The old ones are found by their label and replaced when somebody deletes them.
    const selector = `app=revised,torpor.dev/template-hash!=${after.status?.templateHash}`;
    await processes.admin.deleteCollection(virtualMachines, { namespace, labelSelector: selector });
    await until(
      async () => (await read('revised')).status?.updatedReplicas === 3,
      30_000,
      () => 'three of the new template',
    );
    await processes.admin.delete(virtualMachinePools, { namespace, name: 'revised' });
    await isEmpty('revised');
  });

  test('a relabelled machine is let go and replaced; labelled again it is surplus', async () => {
    await processes.admin.create(virtualMachinePools, pool('labelled', { replicas: 2 }));
    await settles('labelled', 2);
    const [one] = await alive('labelled');
    const at = { namespace, name: one?.metadata.name ?? '' };
    await processes.admin.patch(virtualMachines, at, { metadata: { labels: { app: 'apart' } } });
    await until(
      async () => (await processes.admin.get(virtualMachines, at)).metadata.ownerReferences === undefined,
      30_000,
      () => 'still owned',
    );
    await settles('labelled', 2);
    await processes.admin.patch(virtualMachines, at, { metadata: { labels: { app: 'labelled' } } });
    await until(
      async () => (await machinesOf('labelled')).length === 2,
      30_000,
      () => 'three',
    );
    await settles('labelled', 2);
    assert.ok((await machinesOf('labelled')).every(({ metadata }) => metadata.ownerReferences?.length === 1));
    await processes.admin.delete(virtualMachinePools, { namespace, name: 'labelled' });
    await isEmpty('labelled');
  });

  test('deleted without its machines, a pool leaves them, and another one of the name adopts them', async () => {
    await processes.admin.create(virtualMachinePools, pool('heir', { replicas: 2 }));
    await settles('heir', 2);
    const uids = (await alive('heir')).map(({ metadata }) => metadata.uid).sort();
    const at = { namespace, name: 'heir' };
    await processes.admin.delete(virtualMachinePools, at, { propagationPolicy: 'Orphan' });
    await until(
      () =>
        read('heir').then(
          () => false,
          (error: unknown) => isError(error, 'notFound'),
        ),
      30_000,
      () => 'the pool is still there',
    );
    assert.ok((await alive('heir')).every(({ metadata }) => metadata.ownerReferences === undefined));
    await processes.admin.create(virtualMachinePools, pool('heir', { replicas: 2 }));
    const adopted = await settles('heir', 2);
    assert.deepEqual((await alive('heir')).map(({ metadata }) => metadata.uid).sort(), uids);
    assert.ok((await alive('heir')).every((one) => one.metadata.ownerReferences?.[0]?.uid === adopted.metadata.uid));
    await processes.admin.delete(virtualMachinePools, at, { propagationPolicy: 'Foreground' });
    await isEmpty('heir');
    await until(
      () =>
        read('heir').then(
          () => false,
          (error: unknown) => isError(error, 'notFound'),
        ),
      30_000,
      () => 'the pool is still there',
    );
  });

  test('killed in the middle, the reconcilers go on where they were', async () => {
    await processes.admin.create(virtualMachinePools, pool('large', { replicas: 40 }));
    await until(
      async () => (await machinesOf('large')).length > 2,
      30_000,
      () => 'none',
    );
    await reconcilers.end('SIGKILL');
    reconcilers = await processes.startReconcilers();
    await settles('large', 40);
    assert.equal((await machinesOf('large')).length, 40);
    await processes.admin.delete(virtualMachinePools, { namespace, name: 'large' });
    await isEmpty('large');
  });

  test('a namespace with a pool in it is emptied', async () => {
    await processes.admin.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'team' } });
    await processes.admin.create(virtualMachinePools, pool('guest', { replicas: 3 }, 'team'));
    await until(
      async () => (await machinesOf('guest', 'team')).length === 3,
      30_000,
      () => 'fewer than three',
    );
    await processes.admin.delete(namespaces, { name: 'team' });
    await until(
      () =>
        processes.admin.get(namespaces, { name: 'team' }).then(
          () => false,
          (error: unknown) => isError(error, 'notFound'),
        ),
      60_000,
      () => 'the namespace is still there',
    );
  });
});
