import assert from 'node:assert/strict';
import { test } from 'node:test';
import { errors } from '../../../openapi/machinery/errors.ts';
import type { KubernetesObject } from '../../../openapi/machinery/object.ts';
import { defaultRoles } from '../../resources/rbac/default-roles.ts';
import { createAdmission } from '../admission.ts';
import type { Attributes } from '../authorization/attributes.ts';
import { fixedPolicy } from './component-policy.ts';
import { evaluate, rulesHeld } from './evaluate.ts';
import { type Binding, joinSources, type Role, type RulesSource } from './source.ts';

const roles: Record<string, Role> = {
  'a/reader': { metadata: { name: 'reader' }, rules: [{ verbs: ['get'], apiGroups: [''], resources: ['secrets'] }] },
};
const bindings: Binding[] = [
  {
    metadata: { name: 'one', namespace: 'a' },
    roleRef: { kind: 'Role', name: 'reader' },
    subjects: [
      { kind: 'User', name: 'ann' },
      { kind: 'ServiceAccount', name: 'bot' },
    ],
  },
  {
    metadata: { name: 'two', namespace: 'a' },
    roleRef: { kind: 'ClusterRole', name: 'edit' },
    subjects: [{ kind: 'Group', name: 'team' }],
  },
  {
    metadata: { name: 'three', namespace: 'a' },
    roleRef: { kind: 'Role', name: 'gone' },
    subjects: [{ kind: 'User', name: 'cat' }],
  },
  {
    metadata: { name: 'four', namespace: 'a' },
    roleRef: { kind: 'ClusterRole', name: 'admin' },
    subjects: [{ kind: 'User', name: 'boss' }],
  },
];
const stored: RulesSource = {
  clusterRole: (name) => defaultRoles.find(({ metadata }) => metadata.name === name),
  role: (namespace, name) => roles[`${namespace}/${name}`],
  clusterRoleBindings: () => [],
  roleBindings: (namespace) => (namespace === 'a' ? bindings : []),
};
const rules = joinSources(fixedPolicy, stored);
const user = (name: string, ...groups: string[]) => ({ name, groups: [...groups, 'system:authenticated'], extra: {} });

function may(who: ReturnType<typeof user>, verb: string, resource: string, namespace: string, group = ''): string {
  const [plural = '', subresource = ''] = resource.split('/');
  const target = {
    kind: 'resource',
    namespace,
    group,
    version: 'v1',
    resource: plural,
    subresource,
    name: '',
    fieldSelector: '',
    labelSelector: '',
  } as const;
  const decision = evaluate({ user: who, verb, target } satisfies Attributes, rules);
  return decision.kind === 'allowed' ? 'yes' : decision.reason || 'no';
}

test('roles count in the namespace of their binding alone, for users, groups and service accounts', () => {
  assert.equal(may(user('ann'), 'get', 'secrets', 'a'), 'yes');
  assert.equal(may(user('ann'), 'get', 'secrets', 'b'), 'no');
  assert.equal(may(user('ann'), 'get', 'secrets', ''), 'no');
  assert.equal(may(user('system:serviceaccount:a:bot'), 'get', 'secrets', 'a'), 'yes');
  assert.equal(may(user('system:serviceaccount:b:bot'), 'get', 'secrets', 'a'), 'no');
  assert.equal(may(user('x', 'team'), 'create', 'virtualmachines/console', 'a', 'torpor.dev'), 'yes');
  assert.equal(may(user('x', 'team'), 'create', 'roles', 'a', 'rbac.authorization.k8s.io'), 'no');
  assert.match(
    may(user('cat'), 'get', 'secrets', 'a'),
    /RBAC: \[role\.rbac\.authorization\.k8s\.io "gone" not found\]/,
  );
});

test('the reconcilers may do their work and nothing else', () => {
  const reconcilers = user('torpor:reconcilers', 'torpor:components');
  assert.equal(may(reconcilers, 'create', 'virtualmachines/binding', 'a', 'torpor.dev'), 'yes');
  assert.equal(may(reconcilers, 'update', 'leases', 'torpor-system', 'coordination.k8s.io'), 'yes');
  for (const [verb, resource, group] of [
    ['get', 'secrets', ''],
    ['create', 'secrets', ''],
    ['create', 'clusterrolebindings', 'rbac.authorization.k8s.io'],
    ['create', 'virtualmachines/console', 'torpor.dev'],
    ['create', 'hosts', 'torpor.dev'],
  ] as const) {
    assert.equal(may(reconcilers, verb, resource, 'a', group), 'no', `${verb} ${resource}`);
  }
  // The name alone, without the certificate's group, is the same identity; another name in the group is nobody.
  assert.equal(may(user('other', 'torpor:components'), 'create', 'virtualmachines/binding', 'a', 'torpor.dev'), 'no');
});

test('what is held is listed for the namespace', () => {
  const held = rulesHeld(user('ann'), 'a', rules);
  assert.ok(held.rules.some(({ resources }) => resources?.includes('secrets')));
  assert.ok(!rulesHeld(user('ann'), 'b', rules).rules.some(({ resources }) => resources?.includes('secrets')));
});

const group = 'rbac.authorization.k8s.io';
const write = (who: ReturnType<typeof user>, resource: string, more: object, old?: KubernetesObject) =>
  createAdmission(rules)({
    user: who,
    group,
    resource,
    subresource: '',
    old,
    object: { apiVersion: `${group}/v1`, kind: 'x', metadata: { name: 'new', namespace: 'a' }, ...more },
  });

test('nobody grants what they do not hold', () => {
  const boss = user('boss');
  const secrets = [{ verbs: ['get'], apiGroups: [''], resources: ['secrets'] }];
  const nodes = [{ verbs: ['get'], apiGroups: [''], resources: ['nodes'] }];
  write(boss, 'roles', { rules: secrets });
  write(boss, 'rolebindings', { roleRef: { apiGroup: group, kind: 'ClusterRole', name: 'edit' } });
  assert.throws(
    () => write(boss, 'roles', { rules: nodes }),
    /attempting to grant RBAC permissions not currently held:\n\{"verbs":\["get"\]/,
  );
  assert.throws(
    () => write(boss, 'rolebindings', { roleRef: { apiGroup: group, kind: 'ClusterRole', name: 'cluster-admin' } }),
    /not currently held/,
  );
  assert.throws(
    () => write(boss, 'rolebindings', { roleRef: { apiGroup: group, kind: 'Role', name: 'not-there' } }),
    /not currently held/,
  );
  write(user('root', 'system:masters'), 'clusterroles', { rules: nodes });
});

test('who leaves what is granted alone may write a role of more than they hold', () => {
  const rules = [{ verbs: ['get'], apiGroups: [''], resources: ['nodes'] }];
  const old = { apiVersion: `${group}/v1`, kind: 'Role', metadata: { name: 'new', namespace: 'a' }, rules };
  write(user('boss'), 'roles', { rules, metadata: { ...old.metadata, labels: { a: 'b' } } }, old);
  assert.throws(() => write(user('boss'), 'roles', { rules: [...rules, ...rules] }, old), /not currently held/);
});

test('the reconcilers may let go of owners and finalizers of a secret, and change nothing else in it', () => {
  const reconcilers = user('torpor:reconcilers', 'torpor:components');
  const owner = (uid: string) => ({ apiVersion: 'v1', kind: 'ConfigMap', name: 'c', uid });
  const metadata = { name: 's', namespace: 'a', finalizers: ['x.y/z'], ownerReferences: [owner('1'), owner('2')] };
  const old = { apiVersion: 'v1', kind: 'Secret', metadata, data: { k: 'eA==' } };
  const patch = (more: object) =>
    createAdmission(rules)({
      user: reconcilers,
      group: '',
      resource: 'secrets',
      subresource: '',
      old,
      object: { ...old, ...more },
    });
  patch({ metadata: { name: 's', namespace: 'a', ownerReferences: [owner('2')] } });
  for (const more of [
    { data: { k: 'eQ==' } },
    { metadata: { ...metadata, labels: { a: 'b' } } },
    { metadata: { ...metadata, ownerReferences: [owner('3')] } },
    { metadata: { ...metadata, finalizers: ['x.y/z', 'new/one'] } },
  ]) {
    assert.throws(() => patch(more), /may only remove its owner references and finalizers/, JSON.stringify(more));
  }
  assert.throws(
    () =>
      createAdmission(rules)({
        user: reconcilers,
        group: '',
        resource: 'secrets',
        subresource: '',
        object: old,
        old: undefined,
      }),
    { code: 403 },
  );
});

test('before the stored rules are known, they answer 503; what is fixed is decided all the same', () => {
  const notYet: RulesSource = {
    clusterRole: () => assert.fail(),
    role: () => assert.fail(),
    clusterRoleBindings() {
      throw errors.serviceUnavailable('not yet', 1);
    },
    roleBindings: () => assert.fail(),
  };
  const early = joinSources(fixedPolicy, notYet);
  const discovery: Attributes = {
    user: user('system:kube-aggregator'),
    verb: 'get',
    target: { kind: 'path', path: '/apis/torpor.dev/v1alpha1' },
  };
  assert.equal(evaluate(discovery, early).kind, 'allowed');
  assert.throws(() => evaluate({ ...discovery, target: { kind: 'path', path: '/metrics' } }, early), { code: 503 });
});
