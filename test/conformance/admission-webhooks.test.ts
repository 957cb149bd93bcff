/** Webhooks of a host cluster, each a real https server (A30, A32 to A35 of the checklist). */
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { resources } from '../../openapi/client/resources.ts';
import { patch, type Received } from '../harness/webhook-server.ts';
import { type AdmissionServer, endpoints, namespace, services, startAdmissionServer } from './admission-server.ts';
import { HOSTS, MACHINES } from './harness.ts';
import { host, machine } from './machines.ts';

let server: AdmissionServer;
before(async () => {
  server = await startAdmissionServer();
});
after(() => server.stop());
afterEach(() => server.reset());

const at = (name: string) => `${MACHINES}/${name}`;
const rule = (operations: string[], ...paths: string[]) => ({
  operations,
  apiGroups: ['torpor.dev'],
  apiVersions: ['v1alpha1'],
  resources: paths,
  scope: '*',
});
/** What the webhook was told in its latest call. */
const last = (): Received => server.hook.received.at(-1) ?? assert.fail('no webhook was asked');
const body = () => last().review.request;
const label = (key: string, value: string) => patch({ op: 'add', path: '/metadata/labels', value: { [key]: value } });

test('A30, A32: webhooks for everything are asked about our objects, configurations by name and hooks in order', async () => {
  await server.mutate('b', server.webhook('b1'), server.webhook('b2'));
  await server.mutate('a', server.webhook('a1'));
  await server.validate('c', server.webhook('c1'));
  await server.admin.post(MACHINES).send(machine('ordered')).expect(201);
  assert.deepEqual(server.hook.asked, ['a1', 'b1', 'b2', 'c1']);
});

test('A33: what a webhook is told of a create', async () => {
  await server.validate('c', server.webhook('c1', { timeoutSeconds: 7 }));
  const sent = server.admin.post(`${MACHINES}?fieldManager=tester&fieldValidation=Warn`).send(machine('told'));
  const created = (await sent.expect(201)).body;
  const { path, query, headers, review } = last();
  assert.equal(path, '/c1');
  assert.equal(query.get('timeout'), '7s');
  assert.equal(headers['content-type'], 'application/json');
  assert.equal(headers.authorization, undefined);
  assert.deepEqual([review.kind, review.apiVersion], ['AdmissionReview', 'admission.k8s.io/v1']);
  const { uid, object, ...rest } = review.request;
  assert.match(uid, /^[0-9a-f-]{36}$/);
  // Validating admission sees the object as it is stored, but for the revision that it does not have yet.
  const { resourceVersion: _, ...metadata } = created.metadata;
  assert.deepEqual(object, { ...created, metadata });
  const gvr = { group: 'torpor.dev', version: 'v1alpha1', resource: 'virtualmachines' };
  const gvk = { group: 'torpor.dev', version: 'v1alpha1', kind: 'VirtualMachine' };
  assert.deepEqual(rest, {
    kind: gvk,
    resource: gvr,
    requestKind: gvk,
    requestResource: gvr,
    name: 'told',
    namespace: 'default',
    operation: 'CREATE',
    userInfo: { username: 'anna', groups: ['system:masters', 'staff', 'system:authenticated'] },
    dryRun: false,
    oldObject: null,
    options: {
      kind: 'CreateOptions',
      apiVersion: 'meta.k8s.io/v1',
      fieldManager: 'tester',
      fieldValidation: 'Warn',
    },
  });
});

test('A33: a generated name is not known to mutating webhooks; validating ones see it', async () => {
  await server.mutate('a', server.webhook('a1'));
  await server.validate('b', server.webhook('b1'));
  const made = machine('');
  made.metadata = { generateName: 'gen-' };
  const { name } = (await server.admin.post(MACHINES).send(made).expect(201)).body.metadata;
  const [first, second] = server.hook.received.map(({ review }) => review.request);
  assert.equal(first?.name, undefined);
  assert.equal(second?.name, name);
});

test('A33: v1beta1 is spoken to who knows nothing newer; who knows neither cannot be asked', async () => {
  await server.validate('c', server.webhook('c1', { admissionReviewVersions: ['v2', 'v1beta1', 'v1'] }));
  server.hook.respond = () => ({ allowed: false, uid: '' });
  await server.admin.post(MACHINES).send(machine('beta')).expect(400);
  assert.equal(last().review.apiVersion, 'admission.k8s.io/v1beta1');
  await server.validate('c', server.webhook('c1', { admissionReviewVersions: ['v2'] }));
  const refused = await server.admin.post(MACHINES).send(machine('beta')).expect(500);
  assert.match(refused.body.message, /failed calling webhook "c1"/);
});

test('A33, A32: a Service is called at its endpoints under its own name, by the port of its reference', async () => {
  const ports = [{ name: 'hooks', port: 8443, protocol: 'TCP' }];
  server.host.put(services, {
    metadata: { namespace: 'hooks', name: 'hook' },
    spec: { clusterIP: '10.0.0.1', ports },
  } as never);
  const subsets = [{ addresses: [{ ip: '127.0.0.1' }], ports: [{ name: 'hooks', port: server.hook.port }] }];
  server.host.put(endpoints, { metadata: { namespace: 'hooks', name: 'hook' }, subsets } as never);
  const webhook = server.webhook('c1');
  const { caBundle = '' } = webhook.clientConfig;
  const service = { namespace: 'hooks', name: 'hook', path: '/checks', port: 8443 };
  await server.validate('c', { ...webhook, clientConfig: { service, caBundle } });
  await server.admin.post(MACHINES).send(machine('by-service')).expect(201);
  assert.equal(last().path, '/checks');
  assert.equal(last().servername, 'hook.hooks.svc');
  assert.equal(last().headers.host, 'hook.hooks.svc:8443');
  await server.validate('c', { ...webhook, clientConfig: { service: { ...service, name: 'other' }, caBundle } });
  const missing = await server.admin.post(MACHINES).send(machine('no-service')).expect(500);
  assert.match(missing.body.message, /failed calling webhook "c1".*other\.hooks\.svc:8443\/checks/);
});

test('A33: a certificate that the caBundle does not vouch for, or of another name, is not trusted', async () => {
  const webhook = server.webhook('c1');
  const { url = '', caBundle = '' } = webhook.clientConfig;
  const other = Buffer.from(server.ca).toString('base64');
  await server.validate('c', { ...webhook, clientConfig: { url, caBundle: other } });
  await server.admin.post(MACHINES).send(machine('untrusted')).expect(500);
  await server.validate('c', { ...webhook, clientConfig: { url: url.replace('127.0.0.1', 'localhost'), caBundle } });
  await server.admin.post(MACHINES).send(machine('untrusted')).expect(500);
  assert.deepEqual(server.hook.asked, []);
});

test('A32: rules, selectors and scope choose the requests', async () => {
  server.host.put(resources.namespaces, namespace('blue', { team: 'blue' }));
  const blue = { matchLabels: { team: 'blue' } };
  await server.validate(
    'c',
    server.webhook('updates', { rules: [rule(['UPDATE'], '*/*')] }),
    server.webhook('status', { rules: [rule(['*'], 'virtualmachines/status')] }),
    server.webhook('other-group', { rules: [{ ...rule(['*'], '*'), apiGroups: ['apps'] }] }),
    server.webhook('other-version', {
      rules: [{ ...rule(['*'], '*'), apiVersions: ['v1'] }],
      matchPolicy: 'Equivalent',
    }),
    server.webhook('cluster', { rules: [{ ...rule(['*'], '*'), scope: 'Cluster' }] }),
    server.webhook('blue-namespace', { rules: [rule(['*'], '*')], namespaceSelector: blue }),
    server.webhook('tier', { rules: [rule(['*'], '*')], objectSelector: { matchLabels: { tier: 'db' } } }),
  );
  const asked = async (work: () => PromiseLike<unknown>) => {
    server.hook.received.length = 0;
    await work();
    return server.hook.asked.sort();
  };
  const inBlue = MACHINES.replace('/default/', '/blue/');
  assert.deepEqual(await asked(() => server.admin.post(MACHINES).send(machine('chosen')).expect(201)), []);
  assert.deepEqual(await asked(() => server.admin.post(inBlue).send(machine('chosen')).expect(201)), [
    'blue-namespace',
  ]);
  assert.deepEqual(await asked(() => server.admin.post(HOSTS).send(host('chosen')).expect(201)), [
    'blue-namespace',
    'cluster',
  ]);
  const merge = (path: string, change: object) =>
    server.admin.patch(path).set('Content-Type', 'application/merge-patch+json').send(change);
  const labelled = { metadata: { labels: { tier: 'db' } } };
  assert.deepEqual(await asked(() => merge(at('chosen'), labelled).expect(200)), ['tier', 'updates']);
  // The old object counts too.
  const unlabelled = { metadata: { labels: { tier: null } } };
  assert.deepEqual(await asked(() => merge(at('chosen'), unlabelled).expect(200)), ['tier', 'updates']);
  assert.deepEqual(await asked(() => merge(`${at('chosen')}/status`, { status: { phase: 'Pending' } }).expect(200)), [
    'status',
    'updates',
  ]);
});

test('A32: matchConditions decide by CEL; one that fails is a refusal, or no match under Ignore', async () => {
  const conditions = (...expressions: string[]) =>
    expressions.map((expression, index) => ({ name: `c${index}`, expression }));
  await server.validate(
    'c',
    server.webhook('yes', {
      matchConditions: conditions('object.spec.domain.cpu.cores == 1', 'request.operation == "CREATE"'),
    }),
    server.webhook('no', {
      matchConditions: conditions('"staff" in request.userInfo.groups', 'has(object.metadata.labels)'),
    }),
    server.webhook('false-wins', { matchConditions: conditions('object.spec.nothing > 1', 'false') }),
    server.webhook('broken-ignored', {
      matchConditions: conditions('object.spec.nothing > 1'),
      failurePolicy: 'Ignore',
    }),
    server.webhook('allowed', { matchConditions: conditions('authorizer.requestResource.check("create").allowed()') }),
  );
  await server.admin.post(MACHINES).send(machine('conditions')).expect(201);
  assert.deepEqual(server.hook.asked.sort(), ['allowed', 'yes']);
  await server.validate('d', server.webhook('broken', { matchConditions: conditions('object.spec.nothing > 1') }));
  const refused = await server.admin.post(MACHINES).send(machine('conditions-2')).expect(403);
  assert.match(refused.body.message, /object\.spec\.nothing > 1.* resulted in error/);
});

test('A34: a patch is applied, read like a body, and validated; the next webhook sees it', async () => {
  await server.mutate('a', server.webhook('a1'), server.webhook('a2'));
  server.hook.respond = ({ path }) => (path === '/a1' ? label('by', 'a1') : { allowed: true });
  const created = (await server.admin.post(MACHINES).send(machine('patched')).expect(201)).body;
  assert.deepEqual(created.metadata.labels, { by: 'a1' });
  assert.deepEqual((body().object as typeof created).metadata.labels, { by: 'a1' });

  server.hook.respond = () => patch({ op: 'replace', path: '/spec/domain/cpu/cores', value: 'many' });
  const wrong = await server.admin.post(MACHINES).send(machine('patched-wrong')).expect(422);
  assert.equal(wrong.body.details.causes[0].field, 'spec.domain.cpu.cores');
  // What the kind does not know is dropped, and identity is not the webhook's to give.
  server.hook.respond = () =>
    patch(
      { op: 'add', path: '/spec/tray', value: 1 },
      { op: 'add', path: '/metadata/uid', value: 'mine' },
      { op: 'add', path: '/status', value: { phase: 'Running' } },
    );
  const pruned = (await server.admin.post(MACHINES).send(machine('patched-more')).expect(201)).body;
  assert.equal(pruned.spec.tray, undefined);
  assert.notEqual(pruned.metadata.uid, 'mine');
  assert.notEqual(pruned.status?.phase, 'Running');
  server.hook.respond = () => patch({ op: 'replace', path: '/kind', value: 'Secret' });
  await server.admin.post(MACHINES).send(machine('patched-kind')).expect(500);
  server.hook.respond = () => patch({ op: 'remove', path: '/metadata/nowhere' });
  await server.admin.post(MACHINES).send(machine('patched-nowhere')).expect(500);
});

test('A32: a webhook that was asked before a change is asked once more if it wants, and only then', async () => {
  await server.mutate(
    'a',
    server.webhook('again', { reinvocationPolicy: 'IfNeeded' }),
    server.webhook('never'),
    server.webhook('changes', { reinvocationPolicy: 'IfNeeded' }),
    server.webhook('later', { reinvocationPolicy: 'IfNeeded' }),
  );
  let calls = 0;
  server.hook.respond = ({ path }) => {
    if (path !== '/changes' && path !== '/again') return { allowed: true };
    // Each call changes something: without a bound this would never end.
    calls += 1;
    return label('call', String(calls));
  };
  const created = (await server.admin.post(MACHINES).send(machine('reinvoked')).expect(201)).body;
  assert.deepEqual(server.hook.asked, ['again', 'never', 'changes', 'later', 'again']);
  assert.deepEqual(created.metadata.labels, { call: '3' });
});

test('A34: a refusal has the webhook’s words, code and reason, and is one whatever the webhook says', async () => {
  await server.validate('c', server.webhook('c1.example.com'));
  const refused = async (status?: object) => {
    server.hook.respond = () => ({ allowed: false, ...(status ? { status } : {}) });
    return (await server.admin.post(MACHINES).send(machine('refused'))).body;
  };
  const denied = 'admission webhook "c1.example.com" denied the request';
  assert.deepEqual(await refused({ code: 403, message: 'no <machines> today', reason: 'Forbidden' }), {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message: `${denied}: no <machines> today`,
    reason: 'Forbidden',
    code: 403,
  });
  assert.equal((await refused({ reason: 'TooBad' })).message, `${denied}: TooBad`);
  const silent = await refused();
  assert.deepEqual([silent.code, silent.message], [400, `${denied} without explanation`]);
  const odd = await refused({ code: 200, status: 'Success', message: 'fine' });
  assert.deepEqual([odd.code, odd.status], [400, 'Failure']);
  await server.admin.get(at('refused')).expect(404);
});

test('A34: answers that are none count as failed calls', async () => {
  await server.validate('c', server.webhook('v'));
  await server.mutate('a', server.webhook('m'));
  const failed = async (respond: (received: Received) => Record<string, unknown>) => {
    server.hook.respond = respond;
    const answer = await server.admin.post(MACHINES).send(machine('unusable')).expect(500);
    assert.equal(answer.body.reason, 'InternalError');
    assert.match(answer.body.message, /^Internal error occurred: failed calling webhook "[mv]": /);
    return answer.body.message as string;
  };
  const only = (path: string, response: object) => (received: Received) =>
    received.path === path ? { ...response } : { allowed: true };
  assert.match(await failed(only('/v', { uid: 'another' })), /expected response\.uid/);
  assert.match(await failed(only('/v', { allowed: 'yes' })), /allowed/);
  assert.match(await failed(only('/v', patch())), /validating webhook may not return response\.patch/);
  const { patchType: _, ...untyped } = patch({ op: 'add', path: '/a', value: 1 });
  assert.match(await failed(only('/m', untyped)), /response\.patch but not response\.patchType/);
  assert.match(
    await failed(only('/m', { allowed: true, patchType: 'JSONPatch' })),
    /patchType but not response\.patch/,
  );
  assert.match(await failed(only('/m', { ...patch(), patchType: 'Merge' })), /unsupported patch type/);
  server.hook.respond = () => ({ allowed: true });
  for (const answer of ['', 'no json', '{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1"}', '[]']) {
    server.hook.intercept = (_request, response) => response.end(answer);
    await server.admin.post(MACHINES).send(machine('unusable')).expect(500);
  }
  server.hook.intercept = (_request, response) => response.end(' '.repeat(4 * 1024 * 1024));
  const large = await server.admin.post(MACHINES).send(machine('unusable')).expect(500);
  assert.match(large.body.message, /larger than/);
});

test('A34: a failed call refuses, or is passed over under failurePolicy Ignore; redirects are not followed', async () => {
  const down = { url: 'https://127.0.0.1:1/x' };
  await server.validate('c', server.webhook('down', { clientConfig: down, failurePolicy: 'Ignore' }));
  await server.admin.post(MACHINES).send(machine('open')).expect(201);
  await server.validate('c', server.webhook('down', { clientConfig: down }));
  const closed = await server.admin.post(MACHINES).send(machine('closed')).expect(500);
  assert.match(closed.body.message, /failed calling webhook "down".*ECONNREFUSED/);
  await server.validate('c', server.webhook('nowhere', { clientConfig: { url: 'nowhere' } }));
  await server.admin
    .post(MACHINES)
    .send(machine('closed'))
    .expect(500, /failed calling webhook/);
  await server.validate('c', server.webhook('elsewhere'));
  server.hook.intercept = (_request, response) => response.writeHead(307, { location: '/c1' }).end();
  await server.admin.post(MACHINES).send(machine('moved')).expect(500);
  assert.deepEqual(server.hook.asked, ['elsewhere']);
});

test('A34: a webhook that does not answer in its time has failed', async () => {
  await server.validate('c', server.webhook('slow', { timeoutSeconds: 1 }));
  server.hook.intercept = () => undefined;
  const refused = await server.admin.post(MACHINES).send(machine('slow')).expect(500);
  assert.match(refused.body.message, /failed calling webhook "slow".*no answer within 1 s/);
});

test('A34: a dry run asks only webhooks without side effects', async () => {
  await server.mutate('a', server.webhook('none'), server.webhook('on-dry-run', { sideEffects: 'NoneOnDryRun' }));
  const dry = (name: string) => server.admin.post(`${MACHINES}?dryRun=All`).send(machine(name));
  await dry('dry').expect(201);
  assert.deepEqual(server.hook.asked, ['none', 'on-dry-run']);
  assert.equal(body().dryRun, true);
  assert.deepEqual((body().options as { dryRun?: string[] }).dryRun, ['All']);
  await server.mutate('b', server.webhook('acts', { sideEffects: 'Some', failurePolicy: 'Ignore' }));
  const refused = await dry('dry').expect(400);
  assert.equal(refused.body.message, 'admission webhook "acts" does not support dry run');
  assert.equal(refused.body.reason, 'BadRequest');
});

test('A34: warnings reach the client, of those that allow and of those that refuse', async () => {
  await server.validate('c', server.webhook('c1'), server.webhook('c2'));
  server.hook.respond = ({ path }) => ({ allowed: true, warnings: [`beware of ${path}`] });
  const warned = await server.admin.post(MACHINES).send(machine('warned')).expect(201);
  assert.equal(warned.headers.warning, '299 - "beware of /c1", 299 - "beware of /c2"');
  server.hook.respond = () => ({ allowed: false, warnings: ['look'] });
  const refused = await server.admin.post(MACHINES).send(machine('warned-2')).expect(400);
  assert.match(refused.headers.warning ?? '', /299 - "look"/);
});

test('A32: validating webhooks are asked at once, and any refusal is one', async () => {
  await server.validate('c', server.webhook('c1'), server.webhook('c2'), server.webhook('c3'));
  let waiting = 0;
  let meet: () => void = () => undefined;
  const together = new Promise<void>((resolve) => {
    meet = resolve;
  });
  server.hook.respond = async ({ path }) => {
    waiting += 1;
    if (waiting === 3) meet();
    // Would never end if they were asked one after the other.
    await together;
    return { allowed: path !== '/c2', status: { message: path } };
  };
  const refused = await server.admin.post(MACHINES).send(machine('at-once')).expect(400);
  assert.match(refused.body.message, /"c2" denied/);
});

test('A34: what webhooks say for the audit log stands there, with which of them changed the object', async () => {
  await server.mutate('a', server.webhook('a1'), server.webhook('a2'));
  const down = { url: 'https://127.0.0.1:1/x' };
  await server.validate('c', server.webhook('c1', { clientConfig: down, failurePolicy: 'Ignore' }));
  server.hook.respond = ({ path }) => ({
    ...(path === '/a1' ? label('by', 'a1') : { allowed: true }),
    auditAnnotations: { note: `from ${path}` },
  });
  await server.admin.post(MACHINES).send(machine('audited')).expect(201);
  const [annotations = {}] = await server.audited('audited');
  assert.equal(annotations['a1/note'], 'from /a1');
  assert.equal(annotations['a2/note'], 'from /a2');
  const change = (webhook: string, mutated: boolean) => JSON.stringify({ configuration: 'a', webhook, mutated });
  assert.equal(annotations['mutation.webhook.admission.k8s.io/round_0_index_0'], change('a1', true));
  assert.equal(annotations['mutation.webhook.admission.k8s.io/round_0_index_1'], change('a2', false));
  assert.equal(annotations['failed-open.validating.webhook.admission.k8s.io/round_0_index_0'], 'c1');
});

test('A34: what a webhook sets belongs to the manager of the request', async () => {
  await server.mutate('a', server.webhook('a1'));
  server.hook.respond = () => label('by', 'a1');
  const made = (await server.admin.post(`${MACHINES}?fieldManager=tester`).send(machine('owned')).expect(201)).body;
  assert.equal(made.metadata.managedFields.length, 1);
  const [{ manager, fieldsV1 }] = made.metadata.managedFields;
  assert.equal(manager, 'tester');
  assert.deepEqual(fieldsV1['f:metadata']['f:labels'], { '.': {}, 'f:by': {} });
});

test('A32, A34: calls, refusals and calls that were passed over are counted under upstream’s names', async () => {
  const open = server.webhook('metered-open', {
    clientConfig: { url: 'https://127.0.0.1:1/' },
    failurePolicy: 'Ignore',
  });
  await server.validate('c', server.webhook('metered'), open);
  server.hook.respond = () => ({ allowed: false, status: { code: 409 } });
  await server.admin.post(MACHINES).send(machine('metered')).expect(409);
  const text = await server.metrics();
  for (const line of [
    'apiserver_admission_webhook_rejection_count{name="metered",type="validating",operation="CREATE",error_type="no_error",rejection_code="409"} 1',
    'apiserver_admission_webhook_fail_open_count{name="metered-open",type="validating"} 1',
    'apiserver_admission_webhook_request_total{name="metered",type="validating",operation="CREATE",rejected="true",code="409"} 1',
    'apiserver_admission_webhook_admission_duration_seconds_count{name="metered",type="validating",operation="CREATE",rejected="true"} 1',
  ]) {
    assert.ok(text.includes(line), line);
  }
  assert.match(
    text,
    /apiserver_admission_controller_admission_duration_seconds_count\{name="ValidatingAdmissionWebhook",/,
  );
});
