/** The Status objects of errors, to the letter where clients read letters. */
import assert from 'node:assert/strict';
import { request } from 'node:https';
import { after, before, describe, test } from 'node:test';
import { errorTable } from '../../openapi/machinery/errors.ts';
import { MACHINES, startApi, type TestApi } from './harness.ts';
import { machine } from './machines.ts';

const CONFIGMAPS = '/api/v1/namespaces/default/configmaps';
const failure = (code: number, reason: string, message: string, details?: object) => ({
  kind: 'Status',
  apiVersion: 'v1',
  metadata: {},
  status: 'Failure',
  message,
  reason,
  ...(details === undefined ? {} : { details }),
  code,
});

describe('errors', () => {
  let t: TestApi;
  before(async () => {
    t = await startApi();
    await t.admin.post(MACHINES, machine('web')).expect(201);
  });
  after(() => t?.stop());

  test('E1: missing', async () => {
    const details = { name: 'no', group: 'torpor.dev', kind: 'virtualmachines' };
    const wanted = failure(404, 'NotFound', 'virtualmachines.torpor.dev "no" not found', details);
    const patch = () => t.admin.patch(`${MACHINES}/no`, {});
    const put = () => t.admin.put(`${MACHINES}/no`, machine('no'));
    for (const send of [() => t.admin.get(`${MACHINES}/no`), patch, put, () => t.admin.delete(`${MACHINES}/no`)]) {
      assert.deepEqual((await send().expect(404)).body, wanted);
    }
    const core = await t.admin.get(`${CONFIGMAPS}/no`).expect(404);
    assert.deepEqual(
      core.body,
      failure(404, 'NotFound', 'configmaps "no" not found', { name: 'no', kind: 'configmaps' }),
    );
  });

  test('E2: there already', async () => {
    const { body } = await t.admin.post(MACHINES, machine('web')).expect(409);
    const details = { name: 'web', group: 'torpor.dev', kind: 'virtualmachines' };
    assert.deepEqual(body, failure(409, 'AlreadyExists', 'virtualmachines.torpor.dev "web" already exists', details));
  });

  test('E6: somebody else owns what is applied', async () => {
    const apply = (manager: string, app: string) => {
      const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'owned', labels: { app } } };
      return t.admin.patch(`${CONFIGMAPS}/owned?fieldManager=${manager}`, object, 'application/apply-patch+yaml');
    };
    await apply('first', 'a').expect(201);
    const { body } = await apply('second', 'b').expect(409);
    assert.equal(body.reason, 'Conflict');
    assert.match(body.message, /^Apply failed with 1 conflict: conflict with "first"/);
    assert.equal(body.details.causes.length, 1);
    const [cause] = body.details.causes;
    assert.deepEqual([cause.reason, cause.field], ['FieldManagerConflict', '.metadata.labels.app']);
    assert.match(cause.message, /^conflict with "first"/);
  });

  test('E7: one thing wrong and several', async () => {
    const one = await t.admin.post(MACHINES, machine('Web')).expect(422);
    assert.equal(one.body.reason, 'Invalid');
    assert.match(
      one.body.message,
      /^VirtualMachine\.torpor\.dev "Web" is invalid: metadata\.name: Invalid value: "Web": /,
    );
    const { name, group, kind, causes } = one.body.details;
    assert.deepEqual([name, group, kind], ['Web', 'torpor.dev', 'VirtualMachine']);
    assert.deepEqual(
      causes.map((cause: { reason: string; field: string }) => [cause.reason, cause.field]),
      [['FieldValueInvalid', 'metadata.name']],
    );
    const two = machine('Web', (m) => {
      m.metadata.labels = { 'a b': 'c' };
    });
    const { body } = await t.admin.post(MACHINES, two).expect(422);
    assert.match(
      body.message,
      /^VirtualMachine\.torpor\.dev "Web" is invalid: \[metadata\.name: .*, metadata\.labels: .*\]$/,
    );
    assert.equal(body.details.causes.length, 2);
  });

  test('E7: of very many things wrong the first ones are told', async () => {
    const labels = Object.fromEntries(Array.from({ length: 20_000 }, (_, index) => [`wrong label ${index}`, '']));
    const { body, text } = await t.admin.post(CONFIGMAPS, { metadata: { name: 'x', labels } }).expect(422);
    assert.ok(
      body.details.causes.length >= 10 && body.details.causes.length <= 101,
      `${body.details.causes.length} causes`,
    );
    assert.ok(text.length < 200_000, `${text.length} bytes`);
  });

  test('E30: each kind of mistake has its phrase, its reason and its path', async () => {
    const volumes = (...list: object[]) =>
      machine('x', (m) => {
        m.spec.volumes = list;
      });
    const root = { name: 'root', registryDisk: { image: 'a/b:1' } };
    for (const [body, path, reason, phrase] of [
      [
        machine('x', (m) => {
          delete m.spec.domain.memory;
        }),
        'spec.domain.memory.guest',
        'Required',
        /^Required value/,
      ],
      [machine('X'), 'metadata.name', 'Invalid', /^Invalid value: "X": /],
      [
        machine('x', (m) => {
          m.spec.runStrategy = 'No';
        }),
        'spec.runStrategy',
        'NotSupported',
        /^Unsupported value: "No": supported values: "Always", /,
      ],
      [volumes(root, root), 'spec.volumes[1].name', 'Duplicate', /^Duplicate value: "root"$/],
      [volumes({ ...root, emptyDisk: { capacity: '1Gi' } }), 'spec.volumes[0].emptyDisk', 'Forbidden', /^Forbidden: /],
      [
        machine('x', (m) => {
          m.metadata.annotations = { a: 'x'.repeat(262_144) };
        }),
        'metadata.annotations',
        'TooLong',
        /^Too long: may not be more than 262144 bytes$/,
      ],
      [
        volumes(...Array.from({ length: 257 }, (_, index) => ({ ...root, name: `v${index}` }))),
        'spec.volumes',
        'TooMany',
        /^Too many: 257: must have at most 256 items$/,
      ],
      [
        machine('x', (m) => {
          m.spec.domain.cpu.cores = 'two';
        }),
        'spec.domain.cpu.cores',
        'TypeInvalid',
        /^Invalid value: "string": /,
      ],
      [
        machine('x', (m) => void m.spec.domain.devices.disks.push({ name: 'data', disk: {} })),
        'spec.domain.devices.disks[1].name',
        'NotFound',
        /^Not found: "data"/,
      ],
    ] as const) {
      const answer = await t.admin.post(MACHINES, body).expect(422);
      const cause = answer.body.details.causes.find((one: { field: string }) => one.field === path);
      assert.ok(cause, `no cause for ${path}: ${JSON.stringify(answer.body.details.causes)}`);
      assert.equal(cause.reason, `FieldValue${reason}`);
      assert.match(cause.message, phrase);
      assert.ok(answer.body.message.includes(`${path}: ${cause.message}`));
    }
  });

  test('E8: what cannot be read', async () => {
    for (const text of [
      '{"apiVersion":',
      '[]',
      '"text"',
      '42',
      'null',
      '{"metadata":5}',
      '{"kind":[{"toString":1}]}',
      '{"apiVersion":{"toString":1}}',
      '{"metadata":{"labels":[]}}',
      '{"a":1}x',
    ]) {
      const { body } = await t.admin.post(MACHINES, text).expect(400);
      assert.equal(body.reason, 'BadRequest', text);
      assert.equal(body.details, undefined);
      assert.notEqual(body.message, '');
    }
    const invalid = Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d]);
    const { status } = await raw('POST', MACHINES, invalid);
    assert.equal(status, 400);
  });

  test('E9: nobody', async () => {
    const { cert: _c, key: _k, ...anonymous } = t.connection;
    const { status, text, headers } = await raw('GET', MACHINES, undefined, anonymous);
    assert.equal(status, 401);
    assert.deepEqual(JSON.parse(text), failure(401, 'Unauthorized', 'Unauthorized'));
    assert.equal(headers['www-authenticate'], undefined);
    assert.equal(headers['x-content-type-options'], 'nosniff');
  });

  test('E10: not allowed, before anything is looked up, in the words that people search for', async () => {
    const eve = await t.as('denied<eve>');
    const user = 'User "denied&lt;eve&gt;" cannot';
    const details = { group: 'torpor.dev', kind: 'virtualmachines' };
    const inDefault = 'resource "virtualmachines" in API group "torpor.dev" in the namespace "default"';
    for (const [path, message, more] of [
      [
        `${MACHINES}/no`,
        `virtualmachines.torpor.dev "no" is forbidden: ${user} get ${inDefault}`,
        { name: 'no', ...details },
      ],
      [MACHINES, `virtualmachines.torpor.dev is forbidden: ${user} list ${inDefault}`, details],
      [
        `${MACHINES}/web/console`,
        `virtualmachines.torpor.dev "web" is forbidden: ${user} get ${inDefault.replace('machines"', 'machines/console"')}`,
        { name: 'web', ...details },
      ],
      [
        '/apis/torpor.dev/v1alpha1/hosts',
        `hosts.torpor.dev is forbidden: ${user} list resource "hosts" in API group "torpor.dev" at the cluster scope`,
        { group: 'torpor.dev', kind: 'hosts' },
      ],
      ['/metrics', `forbidden: ${user} get path "/metrics"`, {}],
    ] as const) {
      const { body, headers } = await eve.get(path).expect(403);
      assert.deepEqual(body, failure(403, 'Forbidden', message, more));
      assert.equal(headers['x-content-type-options'], 'nosniff');
    }
    await eve.get('/apis/torpor.dev/v1alpha1/namespaces/default/nothings').expect(403);
  });

  test('E11: methods that are not served', async () => {
    const group = { group: 'torpor.dev', kind: 'virtualmachines' };
    const text = (verb: string) => `${verb} is not supported on resources of kind "virtualmachines.torpor.dev"`;
    const post = await t.admin.post(`${MACHINES}/web`, machine('web')).expect(405);
    assert.deepEqual(post.body, failure(405, 'MethodNotAllowed', text('create'), group));
    const generic = failure(
      405,
      'MethodNotAllowed',
      'the server does not allow this method on the requested resource',
      {},
    );
    for (const send of [
      () => t.admin.get(`${MACHINES}/web/binding`),
      () => t.admin.delete(`${MACHINES}/web/status`),
      () => t.admin.post(`${MACHINES}/web/status`, {}),
    ]) {
      assert.deepEqual((await send().expect(405)).body, generic);
    }
    assert.equal((await raw('OPTIONS', MACHINES)).status, 405);
  });

  test('E12, E15: what is not accepted, what is not understood', async () => {
    const accept = await t.admin.get(MACHINES).set('Accept', 'text/html').expect(406);
    assert.deepEqual(
      accept.body,
      failure(406, 'NotAcceptable', 'only the following media types are accepted: application/json, application/yaml'),
    );
    const sent = await t.admin.post(MACHINES, 'x').set('Content-Type', 'text/plain').expect(415);
    assert.deepEqual(
      sent.body,
      failure(
        415,
        'UnsupportedMediaType',
        'the body of the request was in an unknown format - accepted media types include: application/json, application/yaml',
      ),
    );
  });

  test('E14: more than 3 MiB, and more than the store takes', async () => {
    const { status, text } = await raw('POST', MACHINES, Buffer.alloc(3 * 1024 * 1024 + 1, 0x20));
    assert.equal(status, 413);
    assert.deepEqual(
      JSON.parse(text),
      failure(413, 'RequestEntityTooLarge', 'Request entity too large: limit is 3145728'),
    );
    const data = { a: 'x'.repeat(1_000_000), b: 'y'.repeat(600_000) };
    const big = await t.admin.post(CONFIGMAPS, { metadata: { name: 'big' }, data });
    assert.ok(big.status === 413 || big.status === 422, `${big.status}`);
    await t.admin.get(`${CONFIGMAPS}/big`).expect(404);
  });

  test('E22, E23: nothing is served there', async () => {
    const inside = failure(404, 'NotFound', 'the server could not find the requested resource', {});
    for (const path of [
      '/apis/torpor.dev/v1alpha1/nothings',
      '/apis/torpor.dev/v1alpha1/namespaces/default/nothings/x',
      `${MACHINES}/web/nothing`,
      '/apis/torpor.dev/v1alpha1/namespaces/default/hosts',
      '/api/v1/pods',
    ]) {
      assert.deepEqual((await t.admin.get(path).expect(404)).body, inside, path);
    }
    for (const path of [
      '/nowhere',
      '/apis/other.dev/v1/things',
      '/apis/torpor.dev/v9/virtualmachines',
      '/api/v2/pods',
    ]) {
      const { text, headers } = await t.admin.get(path).expect(404);
      assert.equal(text, '404 page not found\n', path);
      assert.match(String(headers['content-type']), /^text\/plain/);
    }
  });

  test('E31, E32: every error is a Status in JSON whose reason belongs to its code', async () => {
    const reasons = new Set(Object.values(errorTable).map(({ code, reason }) => `${code} ${reason}`));
    const answers = await Promise.all([
      t.admin.get(`${MACHINES}/no`),
      t.admin.get(`${MACHINES}/a%2Fb`),
      t.admin.get(`${MACHINES}/%00`),
      t.admin.get(`${MACHINES}?limit=x`),
      t.admin.get(`${MACHINES}?continue=x`),
      t.admin.get(`${MACHINES}?labelSelector=!!`),
      t.admin.get(MACHINES).set('Accept', 'image/png'),
      t.admin.post(MACHINES, machine('web')),
      t.admin.post(MACHINES, machine('UPPER')),
      t.admin.post(MACHINES, '{'),
      t.admin.post(MACHINES, '{}').set('Content-Type', 'text/plain'),
      t.admin.post(`${MACHINES}/web/start?wait=Nonsense`),
      t.admin.post(MACHINES.replace('default', 'nowhere'), machine('web')),
      t.admin.put(`${MACHINES}/web`, machine('other')),
      t.admin.patch(`${MACHINES}/web`, [{ op: 'test', path: '/x', value: 1 }], 'application/json-patch+json'),
      t.admin.patch(`${MACHINES}/web`, { metadata: { resourceVersion: '1' } }),
      t.admin.delete(`${MACHINES}/web`, { preconditions: { uid: 'x' } }),
      t.admin.delete('/api/v1/configmaps'),
      t.admin.get('/apis/torpor.dev/v1alpha1/nothings'),
    ]);
    const codes = new Set<number>();
    for (const { status, body, headers } of answers) {
      codes.add(status);
      if (status === 404 && /^text\/plain/.test(String(headers['content-type']))) continue;
      assert.equal(headers['content-type'], 'application/json');
      assert.deepEqual([body.kind, body.apiVersion, body.status, body.code], ['Status', 'v1', 'Failure', status]);
      assert.ok(reasons.has(`${status} ${body.reason}`), `${status} ${body.reason}`);
      assert.ok(body.message);
    }
    assert.deepEqual([...codes].sort(), [400, 404, 405, 406, 409, 415, 422]);
  });

  const raw = (method: string, path: string, body?: Buffer, connection: object = t.connection) =>
    new Promise<{ status: number; text: string; headers: NodeJS.Dict<string | string[]> }>((resolve, reject) => {
      const sent = request({ ...connection, method, path }, (res) => {
        const chunks: Buffer[] = [];
        res.on('data', (chunk: Buffer) => chunks.push(chunk));
        res.on('end', () =>
          resolve({ status: res.statusCode ?? 0, text: Buffer.concat(chunks).toString(), headers: res.headers }),
        );
      });
      sent.on('error', reject).end(body);
    });
});
