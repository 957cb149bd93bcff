/** kubectl of three generations straight against torpor-apiserver: what it makes, changes, compares and takes away. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import supertest from 'supertest';
import { type Generation, generations } from './kubectl-generations.ts';
import { type MachineBody, machine } from './machines.ts';

const suite = await generations();
before(() => suite.start());
after(() => suite.stop());

for (const generation of suite.all) writing(generation);

async function admin() {
  const { directory, url } = suite.bench();
  const file = (name: string) => readFile(join(directory, 'pki', name), 'utf8');
  const [ca, cert, key] = await Promise.all([file('ca.crt'), file('admin.crt'), file('admin.key')]);
  return supertest.agent(url, { ca, cert, key } as never);
}

function writing({ version, namespace, since, kubectl }: Generation): void {
  const says = (...args: string[]) => kubectl().ok(...args);
  const file = (...objects: object[]) => kubectl().manifest({ apiVersion: 'v1', kind: 'List', items: objects });
  const halted = (name: string, change: (body: MachineBody) => void = () => undefined) =>
    machine(name, (body) => {
      body.spec.runStrategy = 'Halted';
      change(body);
    });
  const withMemory = (name: string, guest: string) =>
    halted(name, ({ spec }) => {
      spec.domain.memory.guest = guest;
    });
  const guestOf = (name: string) => says('get', 'vm', name, '-o', 'jsonpath={.spec.domain.memory.guest}');
  /** Nobody but this suite looks after machines here. */
  const letGo = (name: string) => says('patch', 'vm', name, '--type=merge', '-p', '{"metadata":{"finalizers":null}}');

  test(`O25: kubectl ${version}: apply makes, leaves alone and changes by merge patch; a second writer keeps its own`, async () => {
    const first = await file(withMemory('web', '128Mi'));
    assert.match(await says('apply', '-f', first), /virtualmachine\.torpor\.dev\/web created/);
    assert.match(await says('apply', '-f', first), /virtualmachine\.torpor\.dev\/web unchanged/);
    await says('label', 'vm', 'web', 'mine=z');
    const second = await file(withMemory('web', '256Mi'));
    assert.match(await says('apply', '-f', second), /virtualmachine\.torpor\.dev\/web configured/);
    assert.equal(await guestOf('web'), '256Mi');
    assert.equal(await says('get', 'vm', 'web', '-o', 'jsonpath={.metadata.labels.mine}'), 'z');
    assert.match(await says('apply', 'view-last-applied', 'vm', 'web'), /guest: 256Mi/);
    const verbose = await kubectl().run('apply', '-f', first, '-v=8');
    assert.match(
      verbose.text,
      /Content-Type: application\/merge-patch\+json|Content-Type="application\/merge-patch\+json"/,
    );
  });

  test(`O12: kubectl ${version}: the kinds of Kubernetes are patched strategically, as kubectl does it everywhere`, async () => {
    const account = (...names: string[]) => ({
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: { name: 'bot' },
      secrets: names.map((name) => ({ name })),
    });
    await says('apply', '-f', await file(account('a', 'b')));
    const { text } = await kubectl().run('apply', '-f', await file(account('b', 'c')), '-v=8');
    assert.match(text, /strategic-merge-patch\+json/);
    assert.equal(await says('get', 'sa', 'bot', '-o', 'jsonpath={.secrets[*].name}'), 'b c');
  });

  test(`O11: kubectl ${version}: diff and --dry-run=server show what would be and change nothing`, async () => {
    await says('apply', '-f', await file(withMemory('dry', '128Mi')));
    assert.equal(await says('diff', '-f', await file(withMemory('dry', '128Mi'))), '');
    const bigger = await file(withMemory('dry', '256Mi'));
    const diff = await kubectl().run('diff', '-f', bigger);
    assert.equal(diff.code, 1, diff.text);
    assert.match(diff.text, /^-\s+guest: 128Mi\n\+\s+guest: 256Mi$/m);
    assert.match(await says('apply', '-f', bigger, '--dry-run=server'), /dry configured \(server dry run\)/);
    assert.match(await says('label', 'vm', 'dry', 'a=b', '--dry-run=server'), /labeled/);
    assert.match(
      await says('create', '-f', await file(halted('never')), '--dry-run=server'),
      /created \(server dry run\)/,
    );
    assert.match(await says('delete', 'vm', 'dry', '--dry-run=server'), /deleted/);
    assert.match((await kubectl().run('get', 'vm', 'never')).text, /NotFound/);
    const { metadata, spec } = JSON.parse(await says('get', 'vm', 'dry', '-o', 'json'));
    assert.equal(spec.domain.memory.guest, '128Mi');
    assert.deepEqual([metadata.labels, metadata.deletionTimestamp, metadata.generation], [undefined, undefined, 1]);
  });

  test(`kubectl ${version}: create, replace, edit, label, annotate`, async () => {
    assert.match(await says('create', '-f', await file(halted('made'))), /created/);
    const again = await kubectl().run('create', '-f', await file(halted('made')));
    assert.match(again.text, /\(AlreadyExists\).*virtualmachines\.torpor\.dev "made" already exists/);
    // What get wrote is what replace takes, with status and all.
    const written = JSON.parse(await says('get', 'vm', 'made', '-o', 'json'));
    written.spec.domain.memory.guest = '256Mi';
    assert.match(await says('replace', '-f', await kubectl().manifest(written)), /replaced/);
    assert.equal(await guestOf('made'), '256Mi');
    const stale = await kubectl().run('replace', '-f', await kubectl().manifest(written));
    assert.match(stale.text, /\(Conflict\)/);
    await says('annotate', 'vm', 'made', 'note=before');
    assert.match(await says('edit', 'vm', 'made'), /virtualmachine\.torpor\.dev\/made edited/);
    assert.equal(await says('get', 'vm', 'made', '-o', 'jsonpath={.metadata.annotations.note}'), 'after');
    assert.match(await says('label', 'vm', 'made', 'tier=front'), /labeled/);
    assert.match((await kubectl().run('label', 'vm', 'made', 'tier=back')).text, /already has a value \(front\)/);
    await says('label', 'vm', 'made', 'tier=back', '--overwrite');
    await says('label', 'vm', 'made', 'tier-');
    await says('annotate', 'vm', '--all', 'seen=yes');
    const { metadata } = JSON.parse(await says('get', 'vm', 'made', '-o', 'json'));
    assert.deepEqual([metadata.labels, metadata.annotations.seen], [undefined, 'yes']);
  });

  test(`kubectl ${version}: patch: merge and json; a strategic one is refused with what there is`, async () => {
    await says('create', '-f', await file(halted('patched')));
    const patch = (type: string, body: unknown) =>
      says('patch', 'vm', 'patched', `--type=${type}`, '-p', JSON.stringify(body));
    await patch('merge', { spec: { hostname: 'one' } });
    await patch('json', [{ op: 'replace', path: '/spec/hostname', value: 'two' }]);
    assert.equal(await says('get', 'vm', 'patched', '-o', 'jsonpath={.spec.hostname}'), 'two');
    assert.match(await says('patch', 'vm', 'patched', '--type=merge', '-p', '{}'), /patched \(no change\)/);
    const refused = await kubectl().run('patch', 'vm', 'patched', '-p', '{"spec":{"hostname":"three"}}');
    assert.equal(refused.code, 1);
    assert.match(refused.text, /application\/json-patch\+json, application\/merge-patch\+json/);
    const failed = await kubectl().run(
      'patch',
      'vm',
      'patched',
      '--type=json',
      '-p',
      '[{"op":"test","path":"/spec/hostname","value":"x"}]',
    );
    assert.equal(failed.code, 1);
    if (!since('1.24')) return;
    const status = '{"status":{"reason":"Told"}}';
    assert.match(await says('patch', 'vm', 'patched', '--subresource=status', '--type=merge', '-p', status), /patched/);
    assert.equal(await says('get', 'vm', 'patched', '-o', 'jsonpath={.status.reason}'), 'Told');
  });

  test(`kubectl ${version}: wait for a condition, for a field, for the end`, async () => {
    await says('create', '-f', await file(halted('waiting')));
    const waiting = says('wait', 'vm/waiting', '--for=condition=Scheduled', '--timeout=30s');
    await delay(500);
    const condition = { type: 'Scheduled', status: 'True', reason: 'Scheduled', message: 'on n1' };
    await (await admin())
      .patch(`/apis/torpor.dev/v1alpha1/namespaces/${namespace}/virtualmachines/waiting/status`)
      .set('Content-Type', 'application/merge-patch+json')
      .send(JSON.stringify({ status: { conditions: [{ ...condition, lastTransitionTime: '2026-01-01T00:00:00Z' }] } }))
      .expect(200);
    assert.match(await waiting, /condition met/);
    if (since('1.23'))
      assert.match(
        await says('wait', 'vm/waiting', '--for=jsonpath={.spec.runStrategy}=Halted', '--timeout=30s'),
        /met/,
      );
    assert.match(await says('delete', 'vm', 'waiting', '--wait=false'), /"waiting" deleted/);
    const removed = says('wait', 'vm/waiting', '--for=delete', '--timeout=30s');
    // It refuses to wait for what is gone when it begins.
    await delay(1_500);
    await letGo('waiting');
    await removed;
    assert.match((await kubectl().run('get', 'vm', 'waiting')).text, /NotFound/);
  });

  test(`kubectl ${version}: delete waits for the end; by label, by file, with what depends on it left`, async () => {
    const labelled = (name: string) =>
      halted(name, (body) => Object.assign(body.metadata, { labels: { wave: 'one' } }));
    const both = await file(labelled('one'), labelled('two'));
    await says('create', '-f', both);
    const ended = says('delete', 'vm', '-l', 'wave=one', '--timeout=30s');
    await delay(1_500);
    for (const name of ['one', 'two']) await letGo(name);
    assert.match(await ended, /"one" deleted.*\n.*"two" deleted/);
    assert.equal(await says('get', 'vm', '-l', 'wave=one', '-o', 'name'), '');
    await says('create', '-f', both);
    assert.match(await says('delete', '-f', both, '--wait=false', '--cascade=orphan'), /"two" deleted/);
    const { metadata } = JSON.parse(await says('get', 'vm', 'two', '-o', 'json'));
    assert.ok(metadata.deletionTimestamp, 'it is there');
    assert.equal(metadata.finalizers.includes('orphan'), true, `${metadata.finalizers}`);
    for (const name of ['one', 'two']) await letGo(name);
    assert.match((await kubectl().run('delete', 'vm', 'two')).text, /NotFound/);
    assert.equal(await says('delete', 'vm', 'two', '--ignore-not-found'), '');
  });

  test(`kubectl ${version}: apply prunes what the manifest has no more; what was applied last can be set`, async () => {
    const team = (name: string) => halted(name, (body) => Object.assign(body.metadata, { labels: { team: 'pruned' } }));
    await says('apply', '-f', await file(team('kept'), team('dropped')));
    const only = await file(team('kept'));
    const kinds = `--prune-${since('1.27') ? 'allowlist' : 'whitelist'}=torpor.dev/v1alpha1/VirtualMachine`;
    assert.match(
      await says('apply', '--prune', '-l', 'team=pruned', kinds, '-f', only),
      /kept unchanged\n.*dropped pruned/,
    );
    await letGo('dropped');
    assert.match(await says('apply', 'set-last-applied', '-f', await file(withMemory('kept', '256Mi'))), /configured/);
    assert.match(await says('apply', 'view-last-applied', 'vm', 'kept'), /guest: 256Mi/);
    assert.equal(await guestOf('kept'), '128Mi');
  });

  test(`kubectl ${version}: the kinds of Kubernetes beside ours, in one manifest`, async () => {
    const configMap = (value: string) => ({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'settings' },
      data: { a: value },
    });
    const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'key' }, data: { password: 'aHVudGVyMg==' } };
    const first = await file(configMap('1'), secret, halted('beside'));
    assert.match(
      await says('apply', '-f', first),
      /configmap\/settings created\nsecret\/key created\nvirtualmachine.*created/,
    );
    const changed = await file(configMap('2'), secret, halted('beside'));
    assert.match(
      await says('apply', '-f', changed),
      /settings configured\nsecret\/key unchanged\nvirtualmachine.*unchanged/,
    );
    assert.equal(await says('get', 'cm', 'settings', '-o', 'jsonpath={.data.a}'), '2');
    assert.match(
      await says('replace', '-f', await file(configMap('3'), secret)),
      /settings replaced\nsecret\/key replaced/,
    );
    assert.match(await says('describe', 'secret', 'key'), /password: {2}7 bytes/);
    assert.match(
      await says('delete', '-f', await file(configMap('3'), secret)),
      /"settings" deleted.*\n.*"key" deleted/,
    );
  });
}
