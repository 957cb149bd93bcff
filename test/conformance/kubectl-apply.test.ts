/** Server-side apply by kubectl of three generations, and the way to it from `kubectl apply`. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { KubernetesObject } from '../../openapi/machinery/object.ts';
import { type Generation, generations } from './kubectl-generations.ts';
import { machine } from './machines.ts';
import { pool } from './pools.ts';

const suite = await generations();
before(() => suite.start());
after(() => suite.stop());

for (const generation of suite.all) applying(generation);

function applying({ version, since, kubectl }: Generation): void {
  const says = (...args: string[]) => kubectl().ok(...args);
  const file = (object: object) => kubectl().manifest(object);
  const halted = (name: string, guest: string, labels: Record<string, string> = {}) =>
    machine(name, (body) => {
      body.spec.runStrategy = 'Halted';
      body.spec.domain.memory.guest = guest;
      if (Object.keys(labels).length > 0) body.metadata.labels = labels;
    });
  const stored = async (kind: string, name: string): Promise<KubernetesObject> => {
    const shown = since('1.21') ? ['--show-managed-fields'] : [];
    return JSON.parse(await says('get', kind, name, '-o', 'json', ...shown)) as KubernetesObject;
  };
  const entries = async (kind: string, name: string) => (await stored(kind, name)).metadata.managedFields ?? [];
  const managers = async (kind: string, name: string) =>
    (await entries(kind, name)).map(({ manager, operation, subresource }) =>
      [manager, operation, subresource].filter(Boolean).join(' '),
    );
  const serverSide = ['apply', '--server-side', '-f'];

  test(`P30: kubectl ${version}: --server-side creates, changes and takes away; the same again is no change`, async () => {
    const path = await file(halted('web', '128Mi', { a: '1', b: '1' }));
    assert.match(await says(...serverSide, path), /virtualmachine\.torpor\.dev\/web serverside-applied/);
    const first = await stored('vm', 'web');
    assert.match(await says(...serverSide, path), /web serverside-applied/);
    assert.equal((await stored('vm', 'web')).metadata.resourceVersion, first.metadata.resourceVersion);
    await says(...serverSide, await file(halted('web', '256Mi', { a: '1' })));
    const second = await stored('vm', 'web');
    assert.deepEqual(second.metadata.labels, { a: '1' });
    assert.deepEqual(await managers('vm', 'web'), ['kubectl Apply']);
    assert.match(await says('apply', '--server-side', '--dry-run=server', '-f', path), /server dry run/);
    assert.equal((await stored('vm', 'web')).metadata.resourceVersion, second.metadata.resourceVersion);
    await says('apply', '--server-side', '--field-manager=other', '-f', await file(halted('web', '256Mi', { c: '1' })));
    assert.deepEqual(await managers('vm', 'web'), ['kubectl Apply', 'other Apply']);
    assert.deepEqual((await stored('vm', 'web')).metadata.labels, { a: '1', c: '1' });
  });

  test(`P27: kubectl ${version}: a conflict names the field and its owner; --force-conflicts takes it`, async () => {
    await says(...serverSide, await file(halted('fight', '128Mi')));
    await says('patch', 'vm', 'fight', '--type=merge', '-p', '{"spec":{"domain":{"memory":{"guest":"192Mi"}}}}');
    const path = await file(halted('fight', '128Mi'));
    const { code, text } = await kubectl().run(...serverSide, path);
    assert.notEqual(code, 0);
    assert.match(text, /Apply failed with 1 conflict: conflict with "kubectl-patch" using torpor\.dev\/v1alpha1/);
    assert.match(text, /\.spec\.domain\.memory\.guest/);
    assert.match(text, /--force-conflicts/, 'kubectl has read the causes');
    await says('apply', '--server-side', '--force-conflicts', '-f', path);
    assert.deepEqual(await managers('vm', 'fight'), ['kubectl Apply']);
  });

  test(`P30: kubectl ${version}: what kubectl apply made is taken over by --server-side without a conflict`, async () => {
    await says('apply', '-f', await file(halted('moved', '128Mi', { old: '1', kept: '1' })));
    assert.deepEqual(await managers('vm', 'moved'), ['kubectl-client-side-apply Update']);
    await says(...serverSide, await file(halted('moved', '256Mi', { kept: '2' })));
    const moved = await stored('vm', 'moved');
    assert.equal(moved.metadata.labels?.kept, '2');
    assert.equal(moved.metadata.finalizers?.length, 1, 'what the server holds it by is still there');
    if (since('1.26')) {
      assert.ok(!(await managers('vm', 'moved')).some((name) => name.startsWith('kubectl-client-side-apply')));
      assert.deepEqual(moved.metadata.labels, { kept: '2' }, 'what was applied then and is not now is gone');
    }
    const annotation = moved.metadata.annotations?.['kubectl.kubernetes.io/last-applied-configuration'] ?? '';
    assert.equal(JSON.parse(annotation).spec.domain.memory.guest, '256Mi', 'and the annotation follows');
    await says(...serverSide, await file(halted('moved', '256Mi', { kept: '2' })));
    const again = await stored('vm', 'moved');
    assert.equal(again.metadata.resourceVersion, moved.metadata.resourceVersion);
  });

  test(`P31: kubectl ${version}: every command is recorded under its own name`, async () => {
    await says('create', '-f', await file(halted('named', '128Mi')));
    await says('label', 'vm', 'named', 'a=b');
    await says('annotate', 'vm', 'named', 'note=before');
    await says('edit', 'vm', 'named');
    await says('patch', 'vm', 'named', '--type=merge', '-p', '{"spec":{"hostname":"x"}}');
    const before = await managers('vm', 'named');
    for (const name of ['kubectl-create', 'kubectl-edit', 'kubectl-label', 'kubectl-patch']) {
      assert.ok(before.includes(`${name} Update`), `${name} is among ${before.join(', ')}`);
    }
    assert.equal((await stored('vm', 'named')).metadata.annotations?.note, 'after');
    const read = await stored('vm', 'named');
    (read.spec as { hostname: string }).hostname = 'y';
    await says('replace', '-f', await file(read));
    assert.ok((await managers('vm', 'named')).includes('kubectl-replace Update'));
  });

  test(`P31, P33: kubectl ${version}: scale owns the number of replicas through its subresource`, async () => {
    await says(
      'create',
      '-f',
      await file(
        pool('many', ({ spec }) => {
          spec.replicas = 0;
        }),
      ),
    );
    await says('scale', 'vmpool', 'many', '--replicas=1');
    const owner = (await entries('vmpool', 'many')).find(({ subresource }) => subresource === 'scale');
    assert.match(owner?.manager ?? '', /^kubectl/);
    assert.deepEqual(owner?.fieldsV1, { 'f:spec': { 'f:replicas': {} } });
  });

  test(`P22: kubectl ${version}: owners are shown to who wants to see them`, async () => {
    await says(...serverSide, await file(halted('shown', '128Mi')));
    const plain = await says('get', 'vm', 'shown', '-o', 'yaml');
    assert.equal(plain.includes('managedFields'), !since('1.21'));
    if (!since('1.21')) return;
    const yaml = await says('get', 'vm', 'shown', '-o', 'yaml', '--show-managed-fields');
    assert.match(yaml, /f:memory:\n\s+f:guest: \{\}/);
  });

  test(`P30: kubectl ${version}: diff --server-side shows what an apply would do, and does nothing`, async () => {
    await says(...serverSide, await file(halted('compared', '128Mi')));
    const { code, text } = await kubectl().run('diff', '--server-side', '-f', await file(halted('compared', '512Mi')));
    assert.equal(code, 1, text);
    assert.match(text, /^-\s+guest: 128Mi\n\+\s+guest: 512Mi/m);
    assert.equal(
      ((await stored('vm', 'compared')).spec as { domain: { memory: { guest: string } } }).domain.memory.guest,
      '128Mi',
    );
  });

  test(`P29, A16: kubectl ${version}: who may patch and not create cannot create by an apply`, async () => {
    const user = 'patcher';
    await says('create', 'role', 'patch-only', '--verb=get,patch', '--resource=configmaps').catch(() => '');
    await says('create', 'rolebinding', 'patch-only', '--role=patch-only', `--user=${user}`).catch(() => '');
    const config = (data: Record<string, string>) => ({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'limited' },
      data,
    });
    const path = await file(config({ a: '1' }));
    const { code, text } = await kubectl().run(...serverSide, path, `--as=${user}`);
    assert.notEqual(code, 0);
    assert.match(text, /cannot create resource "configmaps"/);
    await says(...serverSide, path);
    await says('apply', '--server-side', '--field-manager=mine', `--as=${user}`, '-f', await file(config({ b: '1' })));
    assert.deepEqual((await stored('configmap', 'limited')).data, { a: '1', b: '1' });
  });
}
