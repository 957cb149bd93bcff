import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { VirtualMachine } from '../../../openapi/api.ts';
import { admitLauncherWrite } from './admission.ts';
import { launcherAuthorizer, type MachineLookup } from './scope.ts';

const machine = (name: string, nodeName: string, volumes: object[] = []): VirtualMachine =>
  ({
    apiVersion: 'torpor.dev/v1alpha1',
    kind: 'VirtualMachine',
    metadata: { name, namespace: 'a', uid: name },
    spec: { volumes },
    status: { nodeName },
  }) as never;

const all = [
  machine('mine', 'n1', [
    { name: 'seed', cloudInitNoCloud: { secretRef: { name: 'seed' }, networkDataSecretRef: { name: 'net' } } },
    { name: 'root', registryDisk: { image: 'x', imagePullSecret: 'pull' } },
    { name: 'data', persistentVolumeClaim: { claimName: 'claim' } },
    { name: 'files', configMap: { name: 'files' } },
  ]),
  machine('theirs', 'n2', [{ name: 'seed', cloudInitNoCloud: { secretRef: { name: 'their-seed' } } }]),
  machine('nobodys', ''),
];
const lookup: MachineLookup = {
  machine: async (namespace, name) =>
    all.find(({ metadata }) => metadata.namespace === namespace && metadata.name === name),
  machinesOn: async (node, namespace) =>
    all.filter(({ metadata, status }) => metadata.namespace === namespace && status?.nodeName === node),
};
const launcher = { name: 'torpor:launcher:n1', groups: ['torpor:launchers', 'system:authenticated'], extra: {} };
const authorizer = launcherAuthorizer(lookup);

async function may(
  verb: string,
  what: string,
  more: { name?: string; namespace?: string; fieldSelector?: string } = {},
  user = launcher,
) {
  const [resource = '', subresource = ''] = (what.split('.')[0] ?? '').split('/');
  const group = what.includes('.') ? what.slice(what.indexOf('.') + 1) : '';
  const target = {
    kind: 'resource' as const,
    namespace: 'a',
    version: 'v1',
    name: '',
    fieldSelector: '',
    labelSelector: '',
    ...more,
    resource,
    subresource,
    group,
  };
  return (await authorizer.authorize({ user, verb, target })).kind === 'allowed';
}

test('a launcher reads its own machines and no others', async () => {
  const vms = 'virtualmachines.torpor.dev';
  assert.ok(await may('watch', vms, { namespace: '', fieldSelector: 'status.nodeName=n1' }));
  assert.ok(await may('list', vms, { namespace: '', fieldSelector: 'status.nodeName=n1,metadata.name=x' }));
  for (const fieldSelector of ['', 'status.nodeName=n2', 'status.nodeName!=n1', 'metadata.name=n1', '\\']) {
    assert.ok(!(await may('list', vms, { namespace: '', fieldSelector })), fieldSelector);
  }
  assert.ok(await may('get', vms, { name: 'mine' }));
  assert.ok(!(await may('get', vms, { name: 'theirs' })));
  assert.ok(!(await may('get', vms, { name: 'nobodys' })));
  assert.ok(await may('get', vms, { name: 'deleted' }), 'the answer is 404');
});

test('a launcher writes the status of its own machines and nothing else of machines', async () => {
  assert.ok(await may('update', 'virtualmachines/status.torpor.dev', { name: 'mine' }));
  assert.ok(!(await may('update', 'virtualmachines/status.torpor.dev', { name: 'theirs' })));
  for (const [verb, what] of [
    ['create', 'virtualmachines.torpor.dev'],
    ['update', 'virtualmachines.torpor.dev'],
    ['patch', 'virtualmachines.torpor.dev'],
    ['delete', 'virtualmachines.torpor.dev'],
    ['deletecollection', 'virtualmachines.torpor.dev'],
    ['create', 'virtualmachines/binding.torpor.dev'],
    ['create', 'virtualmachines/console.torpor.dev'],
    ['create', 'virtualmachines/start.torpor.dev'],
  ] as const) {
    assert.ok(!(await may(verb, what, { name: 'mine' })), `${verb} ${what}`);
  }
});

test('a launcher uses its own Host and lease', async () => {
  assert.ok(await may('create', 'hosts.torpor.dev'));
  for (const what of ['hosts.torpor.dev', 'hosts/status.torpor.dev', 'leases.coordination.k8s.io']) {
    assert.ok(await may('update', what, { name: 'n1' }), what);
    assert.ok(!(await may('update', what, { name: 'n2' })), what);
    assert.ok(!(await may('delete', what, { name: 'n1' })), what);
  }
  assert.ok(await may('get', 'hosts/live.torpor.dev', { name: 'n1' }));
  assert.ok(!(await may('get', 'hosts/live.torpor.dev', { name: 'n2' })));
  assert.ok(!(await may('list', 'hosts.torpor.dev')));
});

test('a launcher reads what its machines name, one by one, in their namespace', async () => {
  for (const name of ['seed', 'net', 'pull']) assert.ok(await may('get', 'secrets', { name }), name);
  assert.ok(await may('watch', 'secrets', { name: 'seed', fieldSelector: 'metadata.name=seed' }));
  assert.ok(await may('get', 'configmaps', { name: 'files' }));
  assert.ok(await may('get', 'persistentvolumeclaims', { name: 'claim' }));
  assert.ok(!(await may('get', 'secrets', { name: 'their-seed' })));
  assert.ok(!(await may('get', 'secrets', { name: 'claim' })));
  assert.ok(!(await may('get', 'secrets', { name: 'seed', namespace: 'b' })));
  assert.ok(!(await may('list', 'secrets')));
  assert.ok(!(await may('update', 'secrets', { name: 'seed' })));
  assert.ok(!(await may('get', 'namespaces', { name: 'a' })));
});

test('only the certificate makes a launcher', async () => {
  for (const user of [
    { ...launcher, groups: ['system:authenticated'] },
    { ...launcher, name: 'torpor:launcher:' },
    { ...launcher, name: 'n1' },
  ]) {
    assert.ok(!(await may('get', 'secrets', { name: 'seed' }, user)), user.name);
  }
});

const status = (resource: string, subresource: string, name: string, before: object | undefined, after: object) => () =>
  admitLauncherWrite({
    user: launcher,
    group: 'torpor.dev',
    resource,
    subresource,
    object: { apiVersion: '', kind: '', metadata: { name }, status: after },
    old: before && { apiVersion: '', kind: '', metadata: { name }, status: before },
  });

test('the write itself is checked against what is replaced: keep or release, never take or move', () => {
  const bound = { nodeName: 'n1', bootID: 'b', phase: 'Running' };
  const vms = (before: object | undefined, after: object, subresource = 'status') =>
    status('virtualmachines', subresource, 'm', before, after);
  assert.doesNotThrow(vms(bound, { ...bound, phase: 'Paused' }));
  assert.doesNotThrow(vms(bound, { phase: 'Stopped', lastNodeName: 'n1' }));
  assert.throws(vms(bound, { ...bound, nodeName: 'n2' }), { code: 403 });
  assert.throws(vms(bound, { ...bound, bootID: 'c' }), { code: 403 });
  assert.throws(vms({ nodeName: 'n2' }, { nodeName: 'n2' }), /is bound to "n2"|is bound to \\"n2\\"/);
  assert.throws(vms({}, { nodeName: 'n1' }), { code: 403 });
  assert.throws(vms(bound, bound, ''), { code: 403 });
  assert.throws(vms(undefined, bound, ''), { code: 403 });
  assert.doesNotThrow(status('hosts', '', 'n1', undefined, {}));
  assert.throws(status('hosts', '', 'n2', undefined, {}), { code: 403 });
  assert.throws(status('somethings', '', 'n1', undefined, {}), { code: 403 });
});
