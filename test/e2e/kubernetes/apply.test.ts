/** Server-side apply by three kubectls through a real kube-apiserver, and what its roles say about it. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { ManagedFieldsEntry } from '../../../openapi/machinery/object.ts';
import { KUBECTL_RELEASES, kubectlOf } from '../../harness/kubectls.ts';
import { type Cluster, clusterUp } from '../../harness/kubernetes.ts';
import { type BoundKubectl, bindKubectl } from './kubectl.ts';
import { machine } from './machines.ts';

let cluster: Cluster;
before(async () => {
  cluster = await clusterUp();
});

for (const release of KUBECTL_RELEASES) {
  describe(`apply by the kubectl of Debian ${release}`, () => {
    const namespace = `apply-${release}`;
    let kubectl: BoundKubectl;
    let shown: string[];
    const run = (manifest: object, ...args: string[]) => kubectl.run(['-n', namespace, ...args, '-f', '-'], manifest);
    const send = (manifest: object, ...args: string[]) => kubectl.ok(['-n', namespace, ...args, '-f', '-'], manifest);
    const stored = async (name: string) =>
      JSON.parse(await kubectl.ok(['-n', namespace, 'get', 'vm', name, '-o', 'json', ...shown]));
    const managers = async (name: string) =>
      ((await stored(name)).metadata.managedFields as ManagedFieldsEntry[])
        .filter(({ subresource }) => subresource === undefined)
        .map(({ manager, operation }) => `${manager} ${operation}`);
    const halted = (name: string, guest: string, labels: Record<string, string> = {}) => {
      const { spec } = machine(name);
      return machine(name, {
        metadata: { labels },
        spec: { runStrategy: 'Halted', domain: { ...spec.domain, memory: { guest } } },
      });
    };
    before(async () => {
      const { program, version } = await kubectlOf(release);
      shown = version === '1.20' ? [] : ['--show-managed-fields'];
      kubectl = await bindKubectl(cluster, program);
      await kubectl.ok(['create', 'namespace', namespace]);
    });
    after(async () => {
      await kubectl.ok(['delete', 'namespace', namespace, '--wait=false']);
      await kubectl.close();
    });

    test('P26, P27: creates, takes back, and is told of conflicts with their owner', async () => {
      assert.match(await send(halted('web', '128Mi', { a: '1' }), 'apply', '--server-side'), /web serverside-applied/);
      await send(halted('web', '192Mi'), 'apply', '--server-side');
      const second = await stored('web');
      assert.equal(second.metadata.labels, undefined);
      assert.ok((await managers('web')).includes('kubectl Apply'));
      await kubectl.ok(['-n', namespace, 'label', 'vm', 'web', 'a=2']);
      const refused = await run(halted('web', '192Mi', { a: '1' }), 'apply', '--server-side');
      assert.notEqual(refused.code, 0);
      assert.match(refused.stderr, /conflict with "kubectl-label" using torpor\.dev\/v1alpha1.*\.metadata\.labels\.a/s);
      assert.match(refused.stderr, /--force-conflicts/);
      await send(halted('web', '192Mi', { a: '1' }), 'apply', '--server-side', '--force-conflicts');
      assert.equal((await stored('web')).metadata.labels.a, '1');
    });

    test('P30: takes over what kubectl apply made', async () => {
      await send(halted('moved', '128Mi', { kept: '1' }), 'apply');
      await send(halted('moved', '256Mi', { kept: '2' }), 'apply', '--server-side');
      const moved = await stored('moved');
      assert.equal(moved.spec.domain.memory.guest, '256Mi');
      assert.equal(moved.metadata.labels.kept, '2');
      assert.equal(moved.metadata.finalizers.length, 1);
    });

    test('P29, A16: the cluster’s roles decide who may create by an apply', async () => {
      const admin = (...args: string[]) => kubectl.ok(['-n', namespace, ...args]);
      await admin('create', 'role', 'patcher', '--verb=get,patch', '--resource=virtualmachines.torpor.dev');
      await admin('create', 'rolebinding', 'patcher', '--role=patcher', '--user=patcher');
      const refused = await run(halted('limited', '128Mi'), 'apply', '--server-side', '--as=patcher');
      assert.notEqual(refused.code, 0);
      assert.match(refused.stderr, /cannot create resource "virtualmachines"/);
      await send(halted('limited', '128Mi'), 'apply', '--server-side');
      await send(
        halted('limited', '128Mi', { b: '1' }),
        'apply',
        '--server-side',
        '--as=patcher',
        '--field-manager=mine',
      );
      assert.equal((await stored('limited')).metadata.labels.b, '1');
    });
  });
}
