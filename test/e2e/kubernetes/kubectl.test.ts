/** Three kubectls through a real kube-apiserver, which passes what is about machines on to ours. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { KUBECTL_RELEASES, kubectlOf } from '../../harness/kubectls.ts';
import { type Cluster, clusterUp } from '../../harness/kubernetes.ts';
import { type BoundKubectl, bindKubectl } from './kubectl.ts';
import { machine } from './machines.ts';

let cluster: Cluster;
before(async () => {
  cluster = await clusterUp();
});

for (const release of KUBECTL_RELEASES) {
  describe(`the kubectl of Debian ${release}`, () => {
    const namespace = `kubectl-${release}`;
    let kubectl: BoundKubectl;
    let old: boolean;
    const says = (...args: string[]) => kubectl.ok(['-n', namespace, ...args]);
    const send = (manifest: object, ...args: string[]) => kubectl.ok(['-n', namespace, ...args, '-f', '-'], manifest);
    before(async () => {
      const { program, version } = await kubectlOf(release);
      old = version === '1.20';
      kubectl = await bindKubectl(cluster, program);
      await kubectl.ok(['create', 'namespace', namespace]);
    });
    after(async () => {
      await kubectl.ok(['delete', 'namespace', namespace, '--wait=false']);
      await kubectl.close();
    });

    test('applies, shows, compares, changes and deletes machines, and waits for them', async () => {
      const one = machine('web', { metadata: { annotations: { note: 'before' } } });
      assert.match(await send(one, 'apply'), /^virtualmachine\.torpor\.dev\/web created$/m);
      assert.match(await send(one, 'apply'), /web unchanged/);
      assert.match(await says('get', 'vms'), /^NAME\s+STATUS\s+READY\s+NODE\s+IP\s+AGE\nweb\s/);
      assert.equal(await says('get', 'vm', 'web', '-o', 'jsonpath={.spec.domain.memory.guest}'), '128Mi');
      const bigger = machine('web', {
        metadata: { annotations: { note: 'before' } },
        spec: { domain: { ...one.spec.domain, memory: { guest: '256Mi' } } },
      });
      const diff = await kubectl.run(['-n', namespace, 'diff', '-f', '-'], bigger);
      assert.equal(diff.code, 1, diff.stderr);
      assert.match(diff.stdout, /^-\s+guest: 128Mi\n\+\s+guest: 256Mi$/m);
      assert.match(await send(bigger, 'apply', '--dry-run=server'), /configured \(server dry run\)/);
      assert.equal(await says('get', 'vm', 'web', '-o', 'jsonpath={.spec.domain.memory.guest}'), '128Mi');
      assert.match(await send(bigger, 'apply'), /configured/);
      assert.match(await says('edit', 'vm', 'web'), /edited/);
      assert.equal(await says('get', 'vm', 'web', '-o', 'jsonpath={.metadata.annotations.note}'), 'after');
      assert.match(await says('label', 'vm', 'web', 'tier=front'), /labeled/);
      assert.equal(
        await says('get', 'vms', '-l', 'tier in (front,back),!gone', '-o', 'name'),
        'virtualmachine.torpor.dev/web\n',
      );
      await says('wait', 'vm/web', '--for=condition=Scheduled=False', '--timeout=60s');
      assert.match(await says('describe', 'vm', 'web'), /FailedScheduling/);
      // The reconcilers let it go: nobody runs it.
      assert.match(await says('delete', 'vm', 'web', '--timeout=60s'), /"web" deleted/);
      assert.match(
        (await kubectl.run(['-n', namespace, 'get', 'vm', 'web'])).stderr,
        /NotFound.*virtualmachines\.torpor\.dev "web" not found/,
      );
    });

    test('D17, O21: explains a kind and its fields, and lists the kind with its short names', async () => {
      const tree = await says('explain', 'vm.spec.domain', '--recursive');
      assert.match(tree, /KIND:\s+VirtualMachine/);
      assert.match(tree, /\bcpu\s+<\S+>\n\s+cores\s+<integer>/);
      assert.match(
        await says('api-resources', '--api-group=torpor.dev', '--no-headers'),
        /^virtualmachines\s+vm,vms\s+torpor\.dev\/v1alpha1\s+true\s+VirtualMachine$/m,
      );
    });

    test('refuses an unknown field before anything is stored', async () => {
      const wrong = machine('wrong', { spec: { processors: 4 } });
      const strict = await kubectl.run(
        ['-n', namespace, 'apply', old ? '--validate' : '--validate=strict', '-f', '-'],
        wrong,
      );
      assert.equal(strict.code, 1);
      assert.match(strict.stderr, /unknown field "(spec\.)?processors"/);
      assert.equal(await says('get', 'vms', '-o', 'name'), '');
    });

    test('watches machines of all namespaces from before the first to after the last', async () => {
      const watching = kubectl.follow(['get', 'vms', '-A', '-w', '--output-watch-events']);
      await send(machine('seen'), 'create');
      await watching.shows(new RegExp(`^ADDED\\s+${namespace}\\s+seen\\s`, 'm'));
      await says('label', 'vm', 'seen', 'looked=at');
      await watching.shows(new RegExp(`^MODIFIED\\s+${namespace}\\s+seen\\s`, 'm'));
      await says('delete', 'vm', 'seen', '--wait=false');
      await watching.shows(new RegExp(`^DELETED\\s+${namespace}\\s+seen\\s`, 'm'));
      await watching.end();
    });
  });
}
