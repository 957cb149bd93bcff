import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type PolicyRule, ruleAllows, uncovered } from './rules.ts';

const on = (resource: string, verb = 'get', name = '', group = 'torpor.dev') => {
  const [plural = '', subresource = ''] = resource.split('/');
  const target = {
    kind: 'resource' as const,
    namespace: 'a',
    group,
    version: 'v1',
    resource: plural,
    subresource,
    name,
    fieldSelector: '',
    labelSelector: '',
  };
  return { verb, target };
};
const path = (text: string, verb = 'get') => ({ verb, target: { kind: 'path' as const, path: text } });

test('verbs, groups, resources, subresources and names must all match', () => {
  const table: readonly [PolicyRule, ReturnType<typeof on>, boolean][] = [
    [{ verbs: ['get'], apiGroups: ['torpor.dev'], resources: ['virtualmachines'] }, on('virtualmachines'), true],
    [
      { verbs: ['get'], apiGroups: ['torpor.dev'], resources: ['virtualmachines'] },
      on('virtualmachines', 'list'),
      false,
    ],
    [{ verbs: ['get'], apiGroups: [''], resources: ['virtualmachines'] }, on('virtualmachines'), false],
    [
      { verbs: ['get'], apiGroups: ['torpor.dev'], resources: ['virtualmachines'] },
      on('virtualmachines/console'),
      false,
    ],
    [{ verbs: ['get'], apiGroups: ['*'], resources: ['virtualmachines/*'] }, on('virtualmachines/console'), false],
    [{ verbs: ['get'], apiGroups: ['*'], resources: ['*/console'] }, on('virtualmachines/console'), true],
    [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }, on('virtualmachines/console', 'create'), true],
    [
      { verbs: ['get'], apiGroups: ['*'], resources: ['*'], resourceNames: ['x'] },
      on('virtualmachines', 'get', 'x'),
      true,
    ],
    [
      { verbs: ['get'], apiGroups: ['*'], resources: ['*'], resourceNames: ['x'] },
      on('virtualmachines', 'get', 'y'),
      false,
    ],
    [
      { verbs: ['list'], apiGroups: ['*'], resources: ['*'], resourceNames: ['x'] },
      on('virtualmachines', 'list'),
      false,
    ],
    [
      { verbs: ['get'], apiGroups: ['*'], resources: ['*'], resourceNames: [] },
      on('virtualmachines', 'get', 'y'),
      true,
    ],
    [{ verbs: ['*'], nonResourceURLs: ['*'] }, on('virtualmachines'), false],
  ];
  for (const [rule, ask, expected] of table) assert.equal(ruleAllows(rule, ask), expected, JSON.stringify([rule, ask]));
});

test('paths match exactly or by a star at the end', () => {
  const rule = { verbs: ['get'], nonResourceURLs: ['/healthz', '/apis/*'] };
  for (const [text, expected] of [
    ['/healthz', true],
    ['/healthz/etcd', false],
    ['/apis', false],
    ['/apis/x', true],
  ] as const) {
    assert.equal(ruleAllows(rule, path(text)), expected, text);
  }
  assert.equal(ruleAllows(rule, path('/healthz', 'post')), false);
  assert.equal(ruleAllows({ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }, path('/healthz')), false);
});

const word = fc.constantFrom('a', 'b', '*');
const resourceWord = fc.constantFrom('x', 'y', 'x/s', '*/s', '*');
const rule: fc.Arbitrary<PolicyRule> = fc.record({
  verbs: fc.array(word, { minLength: 1, maxLength: 3 }),
  apiGroups: fc.array(word, { minLength: 1, maxLength: 2 }),
  resources: fc.array(resourceWord, { minLength: 1, maxLength: 2 }),
  resourceNames: fc.array(fc.constantFrom('n', 'm'), { maxLength: 2 }),
});

test('property: what is covered allows nothing that the holder could not do', () => {
  fc.assert(
    fc.property(fc.array(rule, { maxLength: 3 }), fc.array(rule, { maxLength: 3 }), (wanted, held) => {
      if (uncovered(wanted, held).length > 0) return;
      for (const verb of ['a', 'b', 'c']) {
        for (const group of ['a', 'b', 'c']) {
          for (const resource of ['x', 'y', 'z', 'x/s', 'z/s', 'x/t']) {
            for (const name of ['', 'n', 'm', 'o']) {
              const ask = on(resource, verb, name, group);
              if (wanted.some((one) => ruleAllows(one, ask))) {
                assert.ok(
                  held.some((one) => ruleAllows(one, ask)),
                  JSON.stringify({ wanted, held, ask }),
                );
              }
            }
          }
        }
      }
    }),
    { numRuns: 2000 },
  );
});

test('property: everybody holds what they hold', () => {
  fc.assert(fc.property(fc.array(rule, { maxLength: 4 }), (rules) => assert.deepEqual(uncovered(rules, rules), [])));
});

test('each gap is told as one simple rule', () => {
  const wanted = [{ verbs: ['get', 'delete'], apiGroups: [''], resources: ['secrets'] }];
  const held = [{ verbs: ['get'], apiGroups: [''], resources: ['secrets'] }];
  assert.deepEqual(uncovered(wanted, held), [{ verbs: ['delete'], apiGroups: [''], resources: ['secrets'] }]);
  assert.equal(
    uncovered([{ verbs: ['get'], nonResourceURLs: ['/a/b'] }], [{ verbs: ['get'], nonResourceURLs: ['/a/*'] }]).length,
    0,
  );
});
