import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { after, afterEach, before, describe, test } from 'node:test';
import type { PersistentVolumeClaim, VirtualMachine, VirtualMachineSpec } from '../../../openapi/api.ts';
import type { ApiObject, Resource } from '../../../openapi/client/resources.ts';
import { resources } from '../../../openapi/client/resources.ts';
import { watch } from '../../../openapi/client/watch.ts';
import { getCondition } from '../../../openapi/machine/conditions.ts';
import { isError } from '../../../openapi/machinery/errors.ts';
import { NODE, type Processes, type Reconcilers, startProcesses, until } from './processes.ts';
import { StandInAgent } from './stand-in-agent.ts';

const { virtualMachines, persistentVolumeClaims, namespaces, secrets, events, leases } = resources;
const namespace = 'default';

function machine(
  name: string,
  memory = '128Mi',
  spec: Partial<VirtualMachineSpec> = {},
  where = namespace,
): VirtualMachine {
  return {
    apiVersion: 'torpor.dev/v1alpha1',
    kind: 'VirtualMachine',
    metadata: { name, namespace: where },
    spec: {
      domain: { memory: { guest: memory } },
      volumes: [{ name: 'root', emptyDisk: { capacity: '1Gi' } }],
      ...spec,
    },
  };
}

function claim(name: string, where = namespace): PersistentVolumeClaim {
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name, namespace: where },
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
  };
}

describe('reconcilers against the real API server', { timeout: 240_000 }, () => {
  let processes: Processes;
  let reconcilers: Reconcilers;
  let agent: StandInAgent;

  before(async () => {
    processes = await startProcesses();
    reconcilers = await processes.startReconcilers();
    agent = new StandInAgent(processes.launcher, NODE);
  });
  after(async () => {
    await agent.stop();
    await processes.stop();
  });
  afterEach(() => assert.deepEqual(agent.problems, []));

  const read = (name: string) => processes.admin.get(virtualMachines, { namespace, name });
  const gone = async (resource: Resource<ApiObject>, name: string, where: string | undefined = namespace) =>
    processes.admin.get(resource, { ...(where ? { namespace: where } : {}), name }).then(
      () => false,
      (error: unknown) => isError(error, 'notFound') || Promise.reject(error),
    );
  async function becomes(
    name: string,
    condition: (machine: VirtualMachine) => boolean,
    timeoutMs = 15_000,
  ): Promise<VirtualMachine> {
    let found = await read(name);
    await until(
      async () => {
        found = await read(name);
        return condition(found);
      },
      timeoutMs,
      () => found.status,
    );
    return found;
  }
  const inPhase = (name: string, phase: string) => becomes(name, ({ status }) => status?.phase === phase);
  async function remove(name: string): Promise<void> {
    await processes.admin.delete(virtualMachines, { namespace, name });
    await until(
      () => gone(virtualMachines, name),
      15_000,
      () => `${name} is still there`,
    );
  }

  test('a machine without a host waits, says why, and starts when a host comes', async () => {
    await processes.admin.create(virtualMachines, machine('first'));
    const waiting = await becomes(
      'first',
      ({ status }) => getCondition(status?.conditions, 'Scheduled')?.status === 'False',
    );
    assert.equal(
      getCondition(waiting.status?.conditions, 'Scheduled')?.message,
      'no hosts are registered; start a launcher on one',
    );
    await agent.start({ cpu: '4', memory: '2Gi' });
    const running = await inPhase('first', 'Running');
    assert.equal(running.status?.nodeName, NODE);
    assert.equal(getCondition(running.status?.conditions, 'Scheduled')?.status, 'True');
    let reasons: (string | undefined)[] = [];
    await until(
      async () => {
        const list = await processes.admin.list(events, { namespace, fieldSelector: 'involvedObject.name=first' });
        reasons = [...new Set(list.items.map(({ reason }) => reason))].sort();
        return reasons.length >= 3;
      },
      10_000,
      () => reasons,
    );
    assert.deepEqual(reasons, ['FailedScheduling', 'Scheduled', 'Started']);
    await remove('first');
  });

  test('from create to Running there are three stored writes', async () => {
    const seen: (string | undefined)[] = [];
    const end = new AbortController();
    const { metadata } = await processes.admin.list(virtualMachines, { namespace });
    const options = { namespace, resourceVersion: metadata.resourceVersion ?? '', signal: end.signal };
    const watching = watch(processes.admin, virtualMachines, options, (event) => {
      if (event.type !== 'BOOKMARK') seen.push(`${event.type} ${event.object.status?.phase}`);
    }).catch(() => undefined);
    await processes.admin.create(virtualMachines, machine('thrifty'));
    await inPhase('thrifty', 'Running');
    await new Promise((resolve) => setTimeout(resolve, 300));
    end.abort();
    await watching;
    assert.deepEqual(seen, ['ADDED Pending', 'MODIFIED Preparing', 'MODIFIED Running']);
    await remove('thrifty');
  });

  test('a host is never promised twice: what does not fit waits, and comes when there is room', async () => {
    await Promise.all(['a', 'b', 'c'].map((name) => processes.admin.create(virtualMachines, machine(name, '1Gi'))));
    const phases = async () => Promise.all(['a', 'b', 'c'].map(async (name) => (await read(name)).status?.phase));
    await until(
      async () => (await phases()).filter((phase) => phase === 'Running').length === 1,
      15_000,
      () => 'one of three',
    );
    const late = (await Promise.all(['a', 'b', 'c'].map(read))).filter(({ status }) => status?.phase === 'Pending');
    assert.equal(late.length, 2);
    for (const { metadata } of late) {
      const explained = await becomes(
        metadata.name ?? '',
        ({ status }) => getCondition(status?.conditions, 'Scheduled') !== undefined,
      );
      assert.equal(
        getCondition(explained.status?.conditions, 'Scheduled')?.message,
        '0/1 hosts are available: 1 Insufficient memory.',
      );
    }
    for (let left = 3; left > 0; left--) {
      let found: VirtualMachine | undefined;
      await until(
        async () => {
          const { items } = await processes.admin.list(virtualMachines, { namespace });
          found = items.find(({ status }) => status?.phase === 'Running');
          return found !== undefined && items.length === left;
        },
        15_000,
        () => `${left} left`,
      );
      await remove(found?.metadata.name ?? '');
    }
  });

  test('ten machines at once', async () => {
    const names = Array.from({ length: 10 }, (_, index) => `ten-${index}`);
    await Promise.all(names.map((name) => processes.admin.create(virtualMachines, machine(name, '64Mi'))));
    await Promise.all(names.map((name) => inPhase(name, 'Running')));
    await Promise.all(names.map(remove));
  });

  test('Halted, started, restarted, stopped: runStrategy decides', async () => {
    await processes.admin.create(virtualMachines, machine('switch', '64Mi', { runStrategy: 'Halted' }));
    await inPhase('switch', 'Stopped');
    const at = { namespace, name: 'switch' };
    await processes.admin.action(virtualMachines, at, 'start');
    const first = await inPhase('switch', 'Running');
    await processes.admin.action(virtualMachines, at, 'restart');
    const second = await becomes(
      'switch',
      ({ status }) => status?.phase === 'Running' && status.bootID !== first.status?.bootID,
    );
    assert.equal(second.status?.startFailureCount, undefined);
    await processes.admin.action(virtualMachines, at, 'stop');
    const stopped = await inPhase('switch', 'Stopped');
    assert.equal(stopped.status?.nodeName, undefined);
    await remove('switch');
  });

  test('a machine that fails pauses before it starts again, also over a kill of the reconcilers', async () => {
    agent.failing.add('crash');
    await processes.admin.create(virtualMachines, machine('crash'));
    const waiting = await becomes('crash', ({ status }) => status?.nextStartTime !== undefined);
    assert.equal(waiting.status?.startFailureCount, 1);
    assert.equal(waiting.status?.phase, 'Pending');
    assert.match(waiting.status?.message ?? '', /QEMU died soon after its start; it is started again at/);
    assert.equal(await reconcilers.end('SIGKILL'), null);
    agent.failing.delete('crash');
    reconcilers = await processes.startReconcilers();
    const running = await becomes('crash', ({ status }) => status?.phase === 'Running', 25_000);
    const bound = running.status?.phaseTransitionTimestamps?.find(({ phase }) => phase === 'Preparing');
    assert.ok(Date.parse(bound?.phaseTransitionTimestamp ?? '') >= Date.parse(waiting.status?.nextStartTime ?? ''));
    await remove('crash');
  });

  test('a machine that was made while the reconcilers were dead starts when they come back', async () => {
    await reconcilers.end('SIGKILL');
    await processes.admin.create(virtualMachines, machine('orphan'));
    reconcilers = await processes.startReconcilers();
    await inPhase('orphan', 'Running');
    await remove('orphan');
  });

  test('a claim gets a directory, stays while a machine uses it, and is reclaimed after', async () => {
    await processes.admin.create(persistentVolumeClaims, claim('data'));
    const at = { namespace, name: 'data' };
    let bound = await processes.admin.get(persistentVolumeClaims, at);
    await until(
      async () => {
        bound = await processes.admin.get(persistentVolumeClaims, at);
        return bound.status?.phase === 'Bound';
      },
      10_000,
      () => bound,
    );
    assert.equal(bound.spec?.volumeName, `pvc-${bound.metadata.uid}`);
    assert.deepEqual(await readdir(processes.claims), [bound.spec?.volumeName]);
    const volumes = [{ name: 'root', persistentVolumeClaim: { claimName: 'data' } }];
    await processes.admin.create(virtualMachines, machine('user', '64Mi', { volumes }));
    await inPhase('user', 'Running');
    await processes.admin.delete(persistentVolumeClaims, at);
    await new Promise((resolve) => setTimeout(resolve, 500));
    assert.equal(await gone(persistentVolumeClaims, 'data'), false);
    await remove('user');
    await until(
      () => gone(persistentVolumeClaims, 'data'),
      10_000,
      () => 'the claim is still there',
    );
    assert.deepEqual(await readdir(processes.claims), []);
  });

  test('a namespace is emptied and goes, with everything in it', async () => {
    const name = 'team';
    await processes.admin.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
    await processes.admin.create(secrets, {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 's', namespace: name },
    });
    await processes.admin.create(persistentVolumeClaims, claim('data', name));
    const volumes = [{ name: 'root', persistentVolumeClaim: { claimName: 'data' } }];
    await processes.admin.create(virtualMachines, machine('web', '64Mi', { volumes }, name));
    await until(
      async () =>
        (await processes.admin.get(virtualMachines, { namespace: name, name: 'web' })).status?.phase === 'Running',
      15_000,
      () => 'not running',
    );
    await processes.admin.delete(namespaces, { name });
    await until(
      () => gone(namespaces, name, ''),
      30_000,
      () => 'the namespace is still there',
    );
    for (const resource of [virtualMachines, persistentVolumeClaims, secrets, events]) {
      assert.deepEqual((await processes.admin.list(resource as Resource<ApiObject>, { namespace: name })).items, []);
    }
    assert.deepEqual(await readdir(processes.claims), []);
  });

  test('what a machine owns goes with it, in the background and in the foreground', async () => {
    for (const propagationPolicy of ['Background', 'Foreground'] as const) {
      const owner = await processes.admin.create(virtualMachines, machine('owner', '64Mi', { runStrategy: 'Halted' }));
      const { uid = '' } = owner.metadata;
      const reference = {
        apiVersion: owner.apiVersion,
        kind: owner.kind,
        name: 'owner',
        uid,
        blockOwnerDeletion: true,
      };
      for (const name of ['owned', 'kept']) {
        const ownerReferences = name === 'owned' ? [reference] : [];
        const metadata = { name: `${name}-${propagationPolicy.toLowerCase()}`, namespace, ownerReferences };
        await processes.admin.create(secrets, { apiVersion: 'v1', kind: 'Secret', metadata });
      }
      await processes.admin.delete(virtualMachines, { namespace, name: 'owner' }, { propagationPolicy });
      const owned = `owned-${propagationPolicy.toLowerCase()}`;
      await until(
        () => gone(secrets, owned),
        15_000,
        () => `${owned} is still there`,
      );
      await until(
        () => gone(virtualMachines, 'owner'),
        15_000,
        () => 'the owner is still there',
      );
    }
    const { items } = await processes.admin.list(secrets, { namespace });
    assert.deepEqual(items.map(({ metadata }) => metadata.name).sort(), ['kept-background', 'kept-foreground']);
  });

  test('a dependent of two owners loses the one that went and stays, its content untouched', async () => {
    const owner = await processes.admin.create(virtualMachines, machine('owner', '64Mi', { runStrategy: 'Halted' }));
    const kept = await processes.admin.get(secrets, { namespace, name: 'kept-background' });
    const reference = (object: ApiObject) => ({
      apiVersion: object.apiVersion,
      kind: object.kind,
      name: object.metadata.name ?? '',
      uid: object.metadata.uid ?? '',
    });
    const ownerReferences = [reference(owner), reference(kept)];
    const metadata = { name: 'shared', namespace, ownerReferences };
    await processes.admin.create(secrets, { apiVersion: 'v1', kind: 'Secret', metadata, data: { k: 'eA==' } });
    await processes.admin.create(resources.roles, {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'Role',
      metadata,
      rules: [{ apiGroups: [''], resources: ['secrets'], verbs: ['get'] }],
    });
    await processes.admin.delete(virtualMachines, { namespace, name: 'owner' });
    for (const resource of [secrets, resources.roles]) {
      await until(
        async () => {
          const { metadata: now } = await processes.admin.get<ApiObject>(resource, { namespace, name: 'shared' });
          return now.ownerReferences?.length === 1 && now.ownerReferences[0]?.uid === kept.metadata.uid;
        },
        15_000,
        () => `the owner of ${resource.plural} was not taken off`,
      );
    }
    assert.deepEqual((await processes.admin.get(secrets, { namespace, name: 'shared' })).data, { k: 'eA==' });
  });

  test('SIGTERM is an orderly end; health and metrics are served; idle it asks for next to nothing', async () => {
    const get = async (path: string) => (await fetch(`http://127.0.0.1:${reconcilers.port}${path}`)).text();
    assert.equal(await get('/readyz'), 'ok');
    assert.match(await get('/metrics'), /torpor_reconcile_total\{controller="machine",result="terminal"\} 0/);
    assert.equal(await reconcilers.end('SIGTERM'), 0);
    assert.doesNotMatch(reconcilers.output(), /"level":"(error|fatal)"/);
  });

  test('of two replicas one leads, and the other follows when it is killed', async () => {
    const first = await processes.startReconcilers(['--leader-elect']);
    const second = await processes.startReconcilers(['--leader-elect']);
    const holder = async () =>
      (await processes.admin.get(leases, { namespace: 'torpor-system', name: 'torpor-reconcilers' })).spec
        ?.holderIdentity;
    const before = await holder();
    assert.match(second.output(), /another replica leads, waiting/);
    await first.end('SIGKILL');
    await processes.admin.create(virtualMachines, machine('after'));
    await becomes('after', ({ status }) => status?.phase === 'Running', 40_000);
    assert.notEqual(await holder(), before);
    await remove('after');
    assert.equal(await second.end('SIGTERM'), 0);
    assert.equal(await holder(), '', 'the lease was given up');
  });
});
