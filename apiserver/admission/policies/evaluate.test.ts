import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AdmissionPolicy } from '../kinds.ts';
import { admissionRequest, machine } from '../testing/requests.ts';
import { compilePolicies } from './compile.ts';
import { evaluatePolicy, policyActivation } from './evaluate.ts';

async function evaluate(spec: NonNullable<AdmissionPolicy['spec']>, params?: object) {
  const [policy] = compilePolicies(
    [{ apiVersion: '', kind: '', metadata: { name: 'p' }, spec }],
    [{ apiVersion: '', kind: '', metadata: { name: 'b' }, spec: { policyName: 'p' } }],
  );
  assert.ok(policy);
  const authorizer = { authorize: async () => ({ kind: 'no opinion', reason: '' }) as const };
  const request = admissionRequest({ object: machine({}, { cores: 2 }) });
  const activation = policyActivation(request, authorizer, { metadata: { name: 'default' } });
  return evaluatePolicy(policy, activation, params as never);
}
const messages = async (spec: NonNullable<AdmissionPolicy['spec']>, params?: object) =>
  (await evaluate(spec, params)).failures.map(({ message }) => message);

test('what holds is no failure; each that does not hold is one, in order', async () => {
  const validations = [
    { expression: 'true' },
    { expression: 'object.spec.cores > 2', message: ' two ' },
    { expression: ' false ' },
  ];
  assert.deepEqual(await messages({ validations }), ['two', 'failed expression: false']);
});

test('a variable that fails is an error where it is used and nowhere else, and may stand on others', async () => {
  const variables = [
    { name: 'broken', expression: 'object.spec.nothing' },
    { name: 'twice', expression: 'object.spec.cores * 2' },
    { name: 'more', expression: 'variables.twice + 1' },
  ];
  assert.deepEqual(await messages({ variables, validations: [{ expression: 'variables.more == 5' }] }), []);
  const [used] = await messages({ variables, validations: [{ expression: 'variables.broken == 1' }] });
  assert.match(used ?? '', /variables\.broken == 1' resulted in error: No such key: nothing/);
});

test('a messageExpression that gives no usable text gives way to the message', async () => {
  for (const messageExpression of ['""', '"a\\nb"', 'object.spec.nothing', 'string(1 / 0)']) {
    const validations = [{ expression: 'false', messageExpression, message: 'fixed' }];
    assert.deepEqual(await messages({ validations }), ['fixed'], messageExpression);
  }
});

test('conditions: no is no, and what cannot be said is a failure unless another says no', async () => {
  const validations = [{ expression: 'false', message: 'never' }];
  const condition = (expression: string) => ({ name: expression, expression });
  assert.deepEqual(await messages({ validations, matchConditions: [condition('false')] }), []);
  assert.deepEqual(
    await messages({ validations, matchConditions: [condition('object.spec.nothing'), condition('false')] }),
    [],
  );
  const [problem] = await messages({ validations, matchConditions: [condition('object.spec.nothing')] });
  assert.match(problem ?? '', /No such key/);
});

test('parameters are there for policies that name a kind of them, and null when there are none', async () => {
  const paramKind = { apiVersion: 'v1', kind: 'ConfigMap' };
  const validations = [{ expression: 'params != null && params.data.most == "2"', message: 'no' }];
  assert.deepEqual(await messages({ paramKind, validations }, { data: { most: '2' } }), []);
  assert.deepEqual(await messages({ paramKind, validations }), ['no']);
  const [undeclared] = await messages({ validations });
  assert.match(undeclared ?? '', /compilation failed/);
});

test('audit annotations are texts; null leaves one out, and anything else is a failure', async () => {
  const annotation = (valueExpression: string) => ({ auditAnnotations: [{ key: 'k', valueExpression }] });
  assert.deepEqual((await evaluate(annotation('" text "'))).auditAnnotations, [{ key: 'k', value: 'text' }]);
  assert.deepEqual(await evaluate(annotation('null')), { failures: [], auditAnnotations: [] });
  assert.match((await messages(annotation('1')))[0] ?? '', /must give a string or null/);
  assert.deepEqual(await messages({ ...annotation('1'), failurePolicy: 'Ignore' }), []);
});
