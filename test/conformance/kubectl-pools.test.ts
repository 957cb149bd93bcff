import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type KubectlBench, startKubectlBench } from './kubectl.ts';
import { pool } from './pools.ts';

describe('the real kubectl on pools', { timeout: 240_000 }, () => {
  let bench: KubectlBench;
  const replicas = () => bench.ok('get', 'vmpool', 'web', '-o', 'jsonpath={.spec.replicas}');

  before(async () => {
    bench = await startKubectlBench();
    await bench.withFile(pool('web'), 'apply', '-f');
  });
  after(() => bench.stop());

  test('D13: the list of resources says where Scale lives', async () => {
    const list = JSON.parse(await bench.ok('get', '--raw', '/apis/torpor.dev/v1alpha1'));
    const named = new Map<string, unknown>(list.resources.map((one: { name: string }) => [one.name, one]));
    assert.deepEqual(named.get('virtualmachinepools/scale'), {
      name: 'virtualmachinepools/scale',
      singularName: '',
      namespaced: true,
      group: 'autoscaling',
      version: 'v1',
      kind: 'Scale',
      verbs: ['get', 'patch', 'update'],
    });
  });

  test('U1: kubectl scale, with and without conditions', async () => {
    assert.match(await bench.ok('scale', 'vmpool', 'web', '--replicas=3'), /virtualmachinepool.torpor.dev\/web scaled/);
    assert.equal(await replicas(), '3');
    assert.match(await bench.ok('scale', 'vmpool/web', '--replicas=2', '--current-replicas=3'), /scaled/);
    assert.equal(await replicas(), '2');
    const counted = await bench.run('scale', 'vmpool', 'web', '--replicas=9', '--current-replicas=3');
    assert.notEqual(counted.code, 0);
    assert.match(counted.text, /Expected replicas to be 3, was 2/);
    const version = await bench.ok('get', 'vmpools', 'web', '-o', 'jsonpath={.metadata.resourceVersion}');
    assert.match(await bench.ok('scale', 'vmpool', 'web', '--replicas=0', `--resource-version=${version}`), /scaled/);
    assert.equal(await replicas(), '0');
    const stale = await bench.run('scale', 'vmpool', 'web', '--replicas=9', `--resource-version=${version}`);
    assert.notEqual(stale.code, 0);
    assert.match(stale.text, /Expected resource version to be/);
    assert.equal(await replicas(), '0');
    const file = await bench.manifest(pool('web'));
    assert.match(await bench.ok('scale', '--replicas=1', '-f', file), /scaled/);
    assert.equal(await replicas(), '1');
  });

  test('get shows the columns that people know, by every name', async () => {
    for (const name of ['vmpool', 'vmpools', 'virtualmachinepool', 'virtualmachinepools']) {
      assert.match(
        await bench.ok('get', name),
        /^NAME\s+DESIRED\s+CURRENT\s+READY\s+UP-TO-DATE\s+AGE\nweb\s+1\s+0\s+0\s+0\s/,
      );
    }
    assert.match(
      await bench.ok('get', 'vmpool', '-o', 'wide'),
      /IMAGE\s+SELECTOR\n.*registry.example\/tiny:1\s+app=web/,
    );
    assert.match(await bench.ok('get', 'all'), /virtualmachinepool.torpor.dev\/web/);
  });

  test('explain knows the fields down to those of a machine', async () => {
    assert.match(
      await bench.ok('explain', 'vmpool.spec'),
      /replicas\s+<integer>[\s\S]*template\s+<VirtualMachineTemplate> -required-/,
    );
    assert.match(await bench.ok('explain', 'vmpool.spec.template.spec.domain'), /memory\s+<Memory>/);
    assert.match(await bench.ok('explain', 'vmpool.spec.replicas'), /also when it does not run/);
  });

  test('apply of the same file changes nothing, and of another number scales', async () => {
    assert.match(await bench.withFile(pool('web'), 'apply', '-f'), /unchanged/);
    const larger = pool('web', ({ spec }) => {
      spec.replicas = 4;
    });
    assert.match(await bench.withFile(larger, 'apply', '-f'), /configured/);
    assert.equal(await replicas(), '4');
    const typo = pool('web', ({ spec }) => {
      spec.template.spec.domain.memori = {};
    });
    const refused = await bench.run('apply', '-f', await bench.manifest(typo));
    assert.notEqual(refused.code, 0);
    assert.match(refused.text, /spec\.template\.spec\.domain\.memori|unknown field "memori"/);
  });

  test('U1: the roles give scale, and auth can-i knows the subresource', async () => {
    await bench.ok('create', 'rolebinding', 'views', '--clusterrole=view', '--user=viewer');
    await bench.ok('create', 'rolebinding', 'edits', '--clusterrole=edit', '--user=editor');
    const can = async (user: string, verb: string) =>
      (
        await bench.run('auth', 'can-i', verb, 'virtualmachinepools', '--subresource=scale', `--as=${user}`)
      ).text.trim();
    assert.equal(await can('viewer', 'get'), 'yes');
    assert.equal(await can('viewer', 'update'), 'no');
    assert.equal(await can('editor', 'update'), 'yes');
    assert.match((await bench.run('scale', 'vmpool', 'web', '--replicas=5', '--as=editor')).text, /scaled/);
    const refused = await bench.run('scale', 'vmpool', 'web', '--replicas=6', '--as=viewer');
    assert.match(refused.text, /cannot patch resource "virtualmachinepools\/scale" in API group "torpor.dev"/);
    assert.equal(await replicas(), '5');
  });
});
