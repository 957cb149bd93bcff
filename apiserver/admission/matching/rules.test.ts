import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Rule } from '../kinds.ts';
import { matchesRules, type RuleSubject } from './rules.ts';

const create: RuleSubject = {
  operation: 'CREATE',
  resource: { group: 'torpor.dev', version: 'v1alpha1', resource: 'virtualmachines' },
  subresource: '',
  namespace: 'default',
  name: 'web',
};
const rule = (more: Rule): Rule => ({
  operations: ['*'],
  apiGroups: ['*'],
  apiVersions: ['*'],
  resources: ['*'],
  ...more,
});
const matches = (more: Rule, subject: Partial<RuleSubject> = {}) =>
  matchesRules([rule(more)], { ...create, ...subject });

test('operation, group and version are named or *', () => {
  assert.equal(matches({ operations: ['UPDATE', 'CREATE'] }), true);
  assert.equal(matches({ operations: ['UPDATE'] }), false);
  assert.equal(matches({ operations: [] }), false);
  assert.equal(matches({ apiGroups: ['torpor.dev'] }), true);
  assert.equal(matches({ apiGroups: ['apps'] }), false);
  assert.equal(matches({ apiVersions: ['v1alpha1'] }), true);
  assert.equal(matches({ apiVersions: ['v1'] }), false);
  assert.equal(matchesRules(undefined, create), false);
});

test('* is every resource but no part of one; a/* is a and its parts; */* is everything', () => {
  const table: [pattern: string, main: boolean, status: boolean][] = [
    ['*', true, false],
    ['*/*', true, true],
    ['*/status', false, true],
    ['virtualmachines', true, false],
    ['virtualmachines/*', true, true],
    ['virtualmachines/status', false, true],
    ['virtualmachines/scale', false, false],
    ['hosts/*', false, false],
  ];
  for (const [pattern, main, status] of table) {
    assert.equal(matches({ resources: [pattern] }), main, pattern);
    assert.equal(matches({ resources: [pattern] }, { subresource: 'status' }), status, `${pattern} of status`);
  }
});

test('scope tells objects in namespaces from others', () => {
  assert.equal(matches({ scope: 'Namespaced' }), true);
  assert.equal(matches({ scope: 'Cluster' }), false);
  assert.equal(matches({ scope: 'Cluster' }, { namespace: '' }), true);
  assert.equal(matches({ scope: 'Namespaced' }, { namespace: '' }), false);
  assert.equal(matches({ scope: '*' }, { namespace: '' }), true);
});

test('resourceNames narrow a policy', () => {
  assert.equal(matches({ resourceNames: ['db', 'web'] }), true);
  assert.equal(matches({ resourceNames: ['db'] }), false);
  assert.equal(matches({ resourceNames: [] }), true);
});
