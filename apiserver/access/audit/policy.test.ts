import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseRequest } from '../../request/parse.ts';
import { type PolicyRule, planOf } from './policy.ts';
import { readPolicy } from './read-policy.ts';

const user = { name: 'ann', groups: ['team', 'system:authenticated'], extra: {} };

function infoOf(method: string, url: string) {
  const outcome = parseRequest(method, url);
  return outcome.kind === 'parsed' ? outcome.info : assert.fail();
}

const level = (rules: readonly PolicyRule[], method: string, url: string, who: typeof user | undefined = user) =>
  planOf({ rules }, infoOf(method, url), who).level;

const list = '/apis/torpor.dev/v1alpha1/namespaces/a/virtualmachines';

test('the first rule that matches counts, and none means nothing', () => {
  assert.equal(level([], 'GET', list), 'None');
  assert.equal(level([{ level: 'Request' }, { level: 'Metadata' }], 'GET', list), 'Request');
});

test('users, groups and verbs', () => {
  const rule = (more: Partial<PolicyRule>): PolicyRule[] => [{ level: 'Metadata', ...more }];
  assert.equal(level(rule({ users: ['ann'] }), 'GET', list), 'Metadata');
  assert.equal(level(rule({ users: ['bob'] }), 'GET', list), 'None');
  assert.equal(level(rule({ userGroups: ['other', 'team'] }), 'GET', list), 'Metadata');
  assert.equal(planOf({ rules: rule({ userGroups: ['team'] }) }, infoOf('GET', list), undefined).level, 'None');
  assert.equal(planOf({ rules: rule({}) }, infoOf('GET', list), undefined).level, 'Metadata');
  assert.equal(level(rule({ verbs: ['list'] }), 'GET', list), 'Metadata');
  assert.equal(level(rule({ verbs: ['get'] }), 'GET', list), 'None');
});

test('resources: groups, subresources, names, namespaces; paths are something else', () => {
  const rule = (resources: string[], more: object = {}, rest: Partial<PolicyRule> = {}): PolicyRule[] => [
    { level: 'Metadata', resources: [{ group: 'torpor.dev', resources, ...more }], ...rest },
  ];
  const console = `${list}/web/console`;
  const cases: [rules: PolicyRule[], url: string, wanted: boolean][] = [
    [rule(['virtualmachines']), list, true],
    [rule(['virtualmachines']), console, false],
    [rule(['virtualmachines/console']), console, true],
    [rule(['virtualmachines/*']), console, true],
    [rule(['*/console']), console, true],
    [rule(['*/console']), list, false],
    [rule(['*']), console, true],
    [rule(['hosts']), list, false],
    [rule(['virtualmachines'], { group: '' }), list, false],
    [rule(['virtualmachines'], { resourceNames: ['web'] }), `${list}/web`, true],
    [rule(['virtualmachines'], { resourceNames: ['web'] }), list, false],
    [rule(['virtualmachines'], {}, { namespaces: ['a'] }), list, true],
    [rule(['virtualmachines'], {}, { namespaces: ['b'] }), list, false],
    [[{ level: 'Metadata', namespaces: [''] }], '/apis/torpor.dev/v1alpha1/hosts', true],
    [[{ level: 'Metadata', nonResourceURLs: ['/healthz*'] }], '/healthz/ping', true],
    [[{ level: 'Metadata', nonResourceURLs: ['*'] }], '/version', true],
    [[{ level: 'Metadata', nonResourceURLs: ['*'] }], list, false],
    [[{ level: 'Metadata', nonResourceURLs: ['/version'] }], '/versions', false],
    [rule(['*']), '/version', false],
  ];
  for (const [rules, url, wanted] of cases) {
    assert.equal(level(rules, 'GET', url), wanted ? 'Metadata' : 'None', `${url} ${JSON.stringify(rules)}`);
  }
});

test('credentials are never more than metadata, whatever the policy says', () => {
  const all: PolicyRule[] = [{ level: 'RequestResponse' }];
  for (const url of [
    '/api/v1/namespaces/a/secrets',
    '/api/v1/namespaces/a/secrets/x',
    '/api/v1/namespaces/a/serviceaccounts/x/token',
    `${list}/web/credentials`,
  ]) {
    assert.equal(level(all, 'POST', url), 'Metadata', url);
  }
  assert.equal(level(all, 'POST', list), 'RequestResponse');
  assert.equal(level([{ level: 'None' }], 'GET', '/api/v1/secrets'), 'None');
});

test('stages that are left out add up; managed fields are as the rule says, else as the policy', () => {
  const policy = readPolicy(
    [
      'apiVersion: audit.k8s.io/v1',
      'kind: Policy',
      'omitStages: [RequestReceived]',
      'omitManagedFields: true',
      'rules:',
      '  - {level: Request, verbs: [get], omitStages: [Panic], omitManagedFields: false}',
      '  - {level: Request}',
    ].join('\n'),
    'test',
  );
  const get = planOf(policy, infoOf('GET', `${list}/web`), user);
  assert.deepEqual([...get.omitStages], ['RequestReceived', 'Panic']);
  assert.equal(get.omitManagedFields, false);
  assert.equal(planOf(policy, infoOf('GET', list), user).omitManagedFields, true);
});

test('what a policy file may not say is named with its place', () => {
  const refused = (text: string) => {
    try {
      readPolicy(text, 'p.yaml');
    } catch (error) {
      return (error as Error).message;
    }
    return assert.fail();
  };
  const head = 'apiVersion: audit.k8s.io/v1\nkind: Policy\n';
  assert.match(refused('a: ['), /p\.yaml is not valid YAML/);
  assert.match(refused('kind: Policy\nrules: [{level: None}]'), /must be apiVersion audit\.k8s\.io\/v1/);
  assert.match(refused(head), /rules: at least one is needed/);
  for (const [rule, problem] of [
    ['{level: Most}', 'rules[0].level: must be one of None, Metadata, Request, RequestResponse'],
    ['{level: None, verbs: get}', 'rules[0].verbs: must be a list of texts'],
    ['{level: None, nonResourceURLs: [version]}', 'rules[0].nonResourceURLs[0]: must begin with /'],
    ['{level: None, nonResourceURLs: ["/a*b"]}', 'may have a * at its end alone'],
    ['{level: None, nonResourceURLs: [/a], namespaces: [b]}', 'cannot stand beside resources or namespaces'],
    ['{level: None, resources: [{group: apps/v1}]}', 'rules[0].resources[0].group: must be a group without a version'],
    ['{level: None, resources: [{resourceNames: [a]}]}', 'needs resources beside it'],
    ['{level: None, omitStages: [Soon]}', 'rules[0].omitStages[0]: must be one of'],
    ['{level: None, user: [a]}', 'rules[0].user: unknown field'],
    ['none', 'rules[0]: must be an object'],
  ]) {
    assert.ok(
      refused(`${head}rules: [${rule}]`).includes(problem ?? ''),
      `${rule}: ${refused(`${head}rules: [${rule}]`)}`,
    );
  }
});
