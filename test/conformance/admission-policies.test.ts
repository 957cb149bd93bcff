/** ValidatingAdmissionPolicies of a host cluster that has them (A37, A38 of the checklist). */
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import {
  type AdmissionPolicy,
  type AdmissionPolicyBinding,
  admissionPolicies,
  admissionPolicyBindings,
} from '../../apiserver/admission/kinds.ts';
import { resources } from '../../openapi/client/resources.ts';
import { type AdmissionServer, namespace, startAdmissionServer } from './admission-server.ts';
import { HOSTS, MACHINES } from './harness.ts';
import { host, machine } from './machines.ts';
import { until } from './whole-server.ts';

let server: AdmissionServer;
before(async () => {
  server = await startAdmissionServer({ policies: 'v1' });
});
after(() => server.stop());
afterEach(() => server.reset());

const policies = admissionPolicies('v1');
const bindings = admissionPolicyBindings('v1');
const everything = {
  resourceRules: [
    { apiGroups: ['torpor.dev'], apiVersions: ['*'], operations: ['CREATE', 'UPDATE'], resources: ['*'] },
  ],
};

type PolicySpec = NonNullable<AdmissionPolicy['spec']>;
type BindingSpec = NonNullable<AdmissionPolicyBinding['spec']>;

async function enforce(name: string, spec: PolicySpec, binding: BindingSpec = {}): Promise<void> {
  server.host.put(policies, {
    metadata: { name },
    spec: { matchConstraints: everything, failurePolicy: 'Fail', ...spec },
  });
  const bound = { policyName: name, validationActions: ['Deny'], ...binding };
  server.host.put(bindings, { metadata: { name: `${name}-binding` }, spec: bound });
  await server.settled();
}
const create = (name: string, change?: Parameters<typeof machine>[1], path = MACHINES) =>
  server.admin.post(path).send(machine(name, change));

test('A37: a validation that fails refuses, with the policy, the binding and its words', async () => {
  await enforce('cores', {
    validations: [
      { expression: 'object.spec.domain.cpu.cores <= 2', message: 'at most two cores' },
      { expression: 'object.metadata.name.startsWith("vm-")', reason: 'Forbidden' },
    ],
  });
  const many = (body: Parameters<NonNullable<Parameters<typeof machine>[1]>>[0]) => {
    body.spec.domain.cpu.cores = 4;
  };
  await create('vm-small').expect(201);
  const refused = await create('vm-big', many).expect(422);
  const message = `ValidatingAdmissionPolicy 'cores' with binding 'cores-binding' denied request: at most two cores`;
  assert.deepEqual(refused.body, {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message: `virtualmachines.torpor.dev "vm-big" is forbidden: ${message}`,
    reason: 'Invalid',
    details: { name: 'vm-big', group: 'torpor.dev', kind: 'virtualmachines', causes: [{ message }] },
    code: 422,
  });
  const named = await create('other').expect(403);
  assert.equal(named.body.reason, 'Forbidden');
  assert.match(named.body.message, /failed expression: object\.metadata\.name\.startsWith\("vm-"\)$/);
});

test('A37: variables, oldObject, request, namespaceObject, messageExpression and the authorizer', async () => {
  server.host.put(resources.namespaces, namespace('default', { limit: '2' }));
  await enforce('composed', {
    variables: [
      { name: 'cores', expression: 'object.spec.domain.cpu.cores' },
      { name: 'limit', expression: 'int(namespaceObject.metadata.labels["limit"])' },
      { name: 'broken', expression: 'object.spec.nothing.at.all' },
      { name: 'tooMany', expression: 'variables.cores > variables.limit' },
    ],
    matchConditions: [{ name: 'people', expression: 'request.userInfo.username == "anna"' }],
    validations: [
      {
        expression:
          '!variables.tooMany || authorizer.group("torpor.dev").resource("virtualmachines").check("exceed").allowed()',
        messageExpression: '"wanted " + string(variables.cores) + " of " + string(variables.limit)',
        message: 'not this',
      },
      { expression: 'oldObject == null || oldObject.spec.domain.cpu.cores == variables.cores', message: 'cores stay' },
    ],
  });
  const cores = (count: number) => (body: ReturnType<typeof machine>) => {
    body.spec.domain.cpu.cores = count;
  };
  // The cluster says who may exceed; the administrators' group may do everything.
  server.host.decide = ({ resourceAttributes }) => ({ allowed: resourceAttributes?.verb !== 'exceed' });
  await create('composed', cores(3)).expect(201);
  const berta = await server.as('berta');
  await berta
    .post(MACHINES)
    .send(machine('exceeding', cores(3)))
    .expect(201);
  await enforce('exceeds', {
    validations: [{ expression: 'authorizer.requestResource.check("exceed").allowed()', message: 'not by you' }],
  });
  assert.match((await berta.post(MACHINES).send(machine('exceeding-2')).expect(422)).body.message, /not by you$/);
  server.host.remove(bindings, 'exceeds-binding');
  await server.settled();
  const changed = server.admin.patch(`${MACHINES}/composed`).set('Content-Type', 'application/merge-patch+json');
  const refused = await changed.send({ spec: { domain: { cpu: { cores: 1 } } } }).expect(422);
  assert.match(refused.body.message, /denied request: cores stay$/);
  await enforce('words', {
    validations: [
      {
        expression: 'object.spec.domain.cpu.cores < 3',
        messageExpression: '"wanted " + string(object.spec.domain.cpu.cores)',
      },
    ],
  });
  assert.match((await create('words', cores(3)).expect(422)).body.message, /denied request: wanted 3$/);
});

test('A37: Warn tells, Audit keeps quiet, and only Deny refuses', async () => {
  const never = { validations: [{ expression: 'false', message: 'never' }] };
  await enforce('warns', never, { validationActions: ['Warn', 'Audit'] });
  const warned = await create('warned').expect(201);
  assert.equal(
    warned.headers.warning,
    `299 - "Validation failed for ValidatingAdmissionPolicy 'warns' with binding 'warns-binding': never"`,
  );
  await server.reset();
  await enforce('audits', never, { validationActions: ['Audit'] });
  assert.equal((await create('audited').expect(201)).headers.warning, undefined);
  const [annotations = {}] = await server.audited('audited');
  assert.deepEqual(JSON.parse(annotations['validation.policy.admission.k8s.io/validation_failure'] ?? ''), [
    {
      message: 'never',
      policy: 'audits',
      binding: 'audits-binding',
      expressionIndex: 0,
      validationActions: ['Audit'],
    },
  ]);
});

test('A37: audit annotations of a policy stand in the audit log', async () => {
  await enforce('notes', {
    validations: [{ expression: 'true' }],
    auditAnnotations: [
      { key: 'cores', valueExpression: '"cores: " + string(object.spec.domain.cpu.cores)' },
      { key: 'none', valueExpression: 'null' },
    ],
  });
  await create('noted').expect(201);
  const [annotations = {}] = await server.audited('noted');
  assert.equal(annotations['notes/cores'], 'cores: 1');
  assert.equal('notes/none' in annotations, false);
});

test('A37: constraints of the policy and of its binding choose, by rules, exclusions, names and selectors', async () => {
  server.host.put(resources.namespaces, namespace('red', { team: 'red' }));
  const red = MACHINES.replace('/default/', '/red/');
  const never: PolicySpec = { validations: [{ expression: 'false' }] };
  await enforce('red', never, { matchResources: { namespaceSelector: { matchLabels: { team: 'red' } } } });
  await create('constrained').expect(201);
  await create('constrained', undefined, red).expect(422);
  await server.reset();
  const [rule] = everything.resourceRules;
  await enforce('names', {
    ...never,
    matchConstraints: {
      resourceRules: [{ ...rule, resourceNames: ['named', 'spared'] }],
      excludeResourceRules: [{ ...rule, resourceNames: ['spared'] }],
    },
  });
  await create('named').expect(422);
  await create('spared').expect(201);
  await create('unnamed').expect(201);
  // A policy that nothing is bound to says nothing.
  server.host.clear(bindings);
  await server.settled();
  await create('named').expect(201);
});

test('A37: parameters by name and by selector, from the namespace of the request or one that is named', async () => {
  const limits = (name: string, most: string, labels = {}, place = 'default') =>
    server.host.put(resources.configMaps, { metadata: { namespace: place, name, labels }, data: { most } } as never);
  limits('own', '1');
  limits('a', '3', { limits: 'yes' }, 'central');
  limits('b', '2', { limits: 'yes' }, 'central');
  const spec: PolicySpec = {
    paramKind: { apiVersion: 'v1', kind: 'ConfigMap' },
    validations: [
      {
        expression: 'object.spec.domain.cpu.cores <= int(params.data.most)',
        messageExpression: '"most is " + params.data.most',
      },
    ],
  };
  const cores = (count: number) => (body: ReturnType<typeof machine>) => {
    body.spec.domain.cpu.cores = count;
  };
  await enforce('params', spec, { paramRef: { name: 'own', parameterNotFoundAction: 'Deny' } });
  await create('p1', cores(1)).expect(201);
  assert.match((await create('p2', cores(2)).expect(422)).body.message, /most is 1$/);
  const selector = { matchLabels: { limits: 'yes' } };
  await enforce('params', spec, { paramRef: { namespace: 'central', selector, parameterNotFoundAction: 'Deny' } });
  await create('p2', cores(2)).expect(201);
  assert.match((await create('p3', cores(3)).expect(422)).body.message, /most is 2$/);
  await enforce('params', spec, { paramRef: { name: 'gone', parameterNotFoundAction: 'Deny' } });
  assert.match((await create('p3').expect(422)).body.message, /no params found for policy binding/);
  await enforce('params', spec, { paramRef: { name: 'gone', parameterNotFoundAction: 'Allow' } });
  await create('p3', cores(9)).expect(201);
  await enforce('params', spec, { paramRef: { name: 'own', parameterNotFoundAction: 'Deny' } });
  const clusterScoped = await server.admin.post(HOSTS).send(host('params')).expect(422);
  assert.match(clusterScoped.body.message, /cannot use namespaced paramRef/);
});

test('A37: what cannot be evaluated refuses, or says nothing under failurePolicy Ignore', async () => {
  const broken: [string, PolicySpec][] = [
    ['runtime', { validations: [{ expression: 'object.spec.nothing == 1' }] }],
    ['compile', { validations: [{ expression: 'nonsense(object)' }] }],
    ['type', { validations: [{ expression: '"text"' }] }],
    [
      'condition',
      { matchConditions: [{ name: 'c', expression: 'object.spec.nothing' }], validations: [{ expression: 'true' }] },
    ],
    [
      'variable',
      { variables: [{ name: 'v', expression: 'object.spec.nothing' }], validations: [{ expression: 'variables.v' }] },
    ],
    ['params', { paramKind: { apiVersion: 'v1', kind: 'Nothing' }, validations: [{ expression: 'true' }] }],
  ];
  for (const [name, spec] of broken) {
    const paramRef = { name: 'x', parameterNotFoundAction: 'Allow' };
    await enforce('broken', spec, { paramRef });
    await create(`broken-${name}`).expect(422);
    await enforce('broken', { ...spec, failurePolicy: 'Ignore' }, { paramRef });
    await create(`broken-${name}`).expect(201);
    await server.reset();
  }
});

test('A37, A30: policies come before validating webhooks and see what mutating ones have made', async () => {
  await server.mutate('a', server.webhook('a1'));
  await server.validate('c', server.webhook('c1'));
  await enforce('ordered', {
    validations: [{ expression: 'has(object.metadata.labels) && "by" in object.metadata.labels' }],
  });
  await create('ordered').expect(422);
  assert.deepEqual(server.hook.asked, ['a1']);
  const value = Buffer.from(JSON.stringify([{ op: 'add', path: '/metadata/labels', value: { by: 'a1' } }]));
  server.hook.respond = () => ({ allowed: true, patchType: 'JSONPatch', patch: value.toString('base64') });
  server.hook.respond = ({ path }) =>
    path === '/a1' ? { allowed: true, patchType: 'JSONPatch', patch: value.toString('base64') } : { allowed: true };
  await create('ordered').expect(201);
});

test('A38: a cluster without policies, or with none of a version that is known, holds nothing up', async () => {
  for (const version of [undefined, 'v1beta1'] as const) {
    const other = await startAdmissionServer(version === undefined ? {} : { policies: version });
    try {
      await until(
        async () => (await other.admin.get('/readyz')).status,
        (status) => status === 200,
      );
      await other.admin.post(MACHINES).send(machine('old-cluster')).expect(201);
      if (version === undefined) continue;
      const [beta, betaBindings] = [admissionPolicies(version), admissionPolicyBindings(version)];
      const spec = { matchConstraints: everything, validations: [{ expression: 'false' }] };
      other.host.put(beta, { metadata: { name: 'never' }, spec });
      other.host.put(betaBindings, {
        metadata: { name: 'b' },
        spec: { policyName: 'never', validationActions: ['Deny'] },
      });
      await other.settled();
      await other.admin.post(MACHINES).send(machine('refused')).expect(422);
    } finally {
      await other.stop();
    }
  }
});

test('A38: while discovery fails or is refused, writes wait; where policies are not served, there are none', async () => {
  let code = 503;
  let refusals = 0;
  const other = await startAdmissionServer({
    prepare(standIn) {
      standIn.intercept = (_request, response, path) => {
        if (!path.startsWith('/apis/admissionregistration.k8s.io/') || path.includes('webhook')) return false;
        if (code === 403) refusals += 1;
        return response
          .writeHead(code, { 'content-type': 'application/json' })
          .end(JSON.stringify({ kind: 'Status', code }));
      };
    },
  });
  try {
    const refused = await other.admin.post(MACHINES).send(machine('early')).expect(503);
    assert.match(refused.body.message, /validatingadmissionpolicies are not known yet/);
    code = 403;
    await until(
      async () => refusals,
      (count) => count > 0,
    );
    await other.admin.post(MACHINES).send(machine('refused')).expect(503);
    assert.equal((await other.admin.get('/readyz')).status, 500);
    code = 404;
    await until(
      async () => (await other.admin.get('/readyz')).status,
      (status) => status === 200,
    );
    await other.admin.post(MACHINES).send(machine('late')).expect(201);
  } finally {
    await other.stop();
  }
});
