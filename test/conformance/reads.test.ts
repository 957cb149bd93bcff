/** What reads show: versions, pages, and the options that Kubernetes refuses. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { MACHINES, startApi, type TestApi } from './harness.ts';
import { machine } from './machines.ts';

const CONFIGMAPS = '/api/v1/namespaces/default/configmaps';
const names = (body: { items: { metadata: { name: string } }[] }) => body.items.map((item) => item.metadata.name);
const tokenOf = (token: string) => JSON.parse(Buffer.from(token, 'base64url').toString());
const token = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

describe('reads', () => {
  let t: TestApi;
  /** Versions after each of three writes: a is made, b is made, a is changed. */
  const versions: string[] = [];
  before(async () => {
    t = await startApi();
    for (const name of ['a', 'b']) {
      const { body } = await t.admin.post(CONFIGMAPS, { metadata: { name }, data: { state: 'first' } }).expect(201);
      versions.push(body.metadata.resourceVersion);
    }
    const { body } = await t.admin.patch(`${CONFIGMAPS}/a`, { data: { state: 'second' } }).expect(200);
    versions.push(body.metadata.resourceVersion);
  });
  after(() => t?.stop());

  const list = (query: string) => t.admin.get(`${CONFIGMAPS}?${query}`);
  const atB = () => versions[1] ?? '';
  const newest = () => versions[2] ?? '';

  test('K20: a get without a version is the newest, with one at least that, 0 any', async () => {
    for (const query of [
      '',
      '?resourceVersion=',
      '?resourceVersion=0',
      `?resourceVersion=${atB()}`,
      '?limit=x&continue=y&watch=0',
    ]) {
      const { body } = await t.admin.get(`${CONFIGMAPS}/a${query}`).expect(200);
      assert.equal(body.metadata.resourceVersion, newest(), query);
    }
    for (const wrong of ['x', '-1', '1.5', '01', '99999999999999999999']) {
      const { body } = await t.admin.get(`${CONFIGMAPS}/a?resourceVersion=${wrong}`).expect(400);
      assert.match(body.message, /invalid resource version/);
    }
    const { body } = await t.admin.get(`${CONFIGMAPS}/missing`).expect(404);
    assert.deepEqual(body.details, { name: 'missing', kind: 'configmaps' });
  });

  test('K20: HEAD is a get without a body', async () => {
    const head = await t.admin.head(`${CONFIGMAPS}/a`).expect(200);
    assert.equal(head.text, undefined);
    await t.admin.head(CONFIGMAPS).expect(200);
    await t.admin.head(`${CONFIGMAPS}/missing`).expect(404);
    assert.deepEqual(
      t.authorized.slice(-3).map(({ verb }) => verb),
      ['get', 'list', 'get'],
    );
  });

  test('K20, E20: a version of the future is waited for a while, then 504', async () => {
    const future = String(BigInt(newest()) + 1_000_000n);
    for (const path of [`${CONFIGMAPS}/a?resourceVersion=${future}`, `${CONFIGMAPS}?resourceVersion=${future}`]) {
      const { body, headers } = await t.admin.get(path).expect(504);
      assert.equal(body.reason, 'Timeout');
      assert.match(body.message, /^Timeout: Too large resource version: \d+, current: \d+$/);
      assert.deepEqual(body.details, {
        causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
        retryAfterSeconds: 1,
      });
      assert.equal(headers['retry-after'], '1');
    }
  });

  test('K32: options that are refused before any work', async () => {
    const continued = (await list('limit=1').expect(200)).body.metadata.continue;
    for (const [query, code, says] of [
      ['limit=-1', 422, /limit: Invalid value: -1/],
      ['limit=x', 400, /limit/],
      ['timeoutSeconds=soon', 400, /timeoutSeconds/],
      ['resourceVersion=x', 400, /invalid resource version/],
      [
        `continue=${continued}&resourceVersion=5`,
        400,
        /specifying resource version is not allowed when using continue/,
      ],
      ['resourceVersionMatch=NotOlderThan', 422, /forbidden unless resourceVersion is provided/],
      ['resourceVersionMatch=Exact', 422, /forbidden unless resourceVersion is provided/],
      [`continue=${continued}&resourceVersionMatch=Exact`, 422, /forbidden when continue is provided/],
      ['resourceVersion=5&resourceVersionMatch=Newest', 422, /Unsupported value: "Newest"/],
      ['resourceVersion=0&resourceVersionMatch=Exact', 422, /"exact" is forbidden for resourceVersion "0"/],
      ['sendInitialEvents=true', 422, /sendInitialEvents is forbidden for list/],
      ['sendInitialEvents=false', 422, /sendInitialEvents is forbidden for list/],
    ] as const) {
      const { body } = await list(query).expect(code);
      assert.match(body.message, says, query);
      assert.equal(body.reason, code === 400 ? 'BadRequest' : 'Invalid', query);
      if (code === 422) assert.equal(body.details.kind, 'ListOptions');
    }
    await list(`continue=${continued}&resourceVersion=0`).expect(200);
  });

  test('K33: the matrix of version, match and limit', async () => {
    for (const [query, state, version] of [
      ['', 'second', undefined],
      ['resourceVersion=0', 'second', undefined],
      ['resourceVersion=0&resourceVersionMatch=NotOlderThan', 'second', undefined],
      [`resourceVersion=${atB()}`, 'second', undefined],
      [`resourceVersion=${atB()}&resourceVersionMatch=NotOlderThan`, 'second', undefined],
      [`resourceVersion=${atB()}&resourceVersionMatch=NotOlderThan&limit=5`, 'second', undefined],
      [`resourceVersion=${atB()}&resourceVersionMatch=Exact`, 'first', atB()],
      // A limit without a match has always meant Exact.
      [`resourceVersion=${atB()}&limit=5`, 'first', atB()],
      [`resourceVersion=${newest()}&resourceVersionMatch=Exact`, 'second', newest()],
    ] as const) {
      const { body } = await list(query).expect(200);
      assert.deepEqual(names(body), ['a', 'b'], query);
      assert.equal(body.items[0].data.state, state, query);
      if (version !== undefined) assert.equal(body.metadata.resourceVersion, version, query);
      else assert.ok(BigInt(body.metadata.resourceVersion) >= BigInt(newest()), query);
    }
    const { body } = await list(`resourceVersion=${versions[0]}&resourceVersionMatch=Exact`).expect(200);
    assert.deepEqual(names(body), ['a']);
  });

  test('K34: a token names the version of page one and where it ended; all pages show that version', async () => {
    const first = (await list('limit=1').expect(200)).body;
    const inside = tokenOf(first.metadata.continue);
    assert.deepEqual(inside, { v: 'meta.k8s.io/v1', rv: Number(first.metadata.resourceVersion), start: 'a\0' });
    assert.doesNotMatch(first.metadata.continue, /[=+/]/);
    await t.admin.post(CONFIGMAPS, { metadata: { name: 'c' } }).expect(201);
    const second = (await list(`limit=1&continue=${first.metadata.continue}`).expect(200)).body;
    assert.deepEqual(names(second), ['b']);
    assert.equal(second.metadata.resourceVersion, first.metadata.resourceVersion);
    assert.equal(second.metadata.continue, undefined);
  });

  test('K34: a token that is none, or leads elsewhere, is 400', async () => {
    const rv = Number(newest());
    for (const wrong of [
      'x',
      '%00',
      token('x'),
      token({ v: 'meta.k8s.io/v2', rv, start: 'a\0' }),
      token({ v: 'meta.k8s.io/v1', rv: 0, start: 'a\0' }),
      token({ v: 'meta.k8s.io/v1', rv: -2, start: 'a\0' }),
      token({ v: 'meta.k8s.io/v1', rv: 'x', start: 'a\0' }),
      token({ v: 'meta.k8s.io/v1', rv, start: 'a' }),
      token({ v: 'meta.k8s.io/v1', rv, start: '../kube-system/a\0' }),
      token({ v: 'meta.k8s.io/v1', rv, start: './a\0' }),
      token({ v: 'meta.k8s.io/v1', rv, start: '/a\0' }),
      token({ v: 'meta.k8s.io/v1', rv, start: 'a/b/c\0' }),
      token({ v: 'meta.k8s.io/v1', rv, start: 'a\0b\0' }),
      'A'.repeat(5_000),
    ]) {
      const { body } = await list(`continue=${wrong}`).expect(400);
      assert.match(body.message, /continue key is not valid/, wrong);
    }
    // Whatever it names, a token never leads out of the namespace of the request.
    await t.admin.post(CONFIGMAPS.replace('default', 'kube-system'), { metadata: { name: 'secret' } }).expect(201);
    for (const start of ['kube-system/a\0', 'a/b\0', 'zz\0']) {
      const { body } = await list(`continue=${token({ v: 'meta.k8s.io/v1', rv: -1, start })}`).expect(200);
      for (const item of body.items) assert.equal(item.metadata.namespace, 'default');
    }
  });

  test('K36: what remains is told only where it is known', async () => {
    assert.equal((await list('limit=1').expect(200)).body.metadata.remainingItemCount, 2);
    const selected = (await list('limit=1&labelSelector=!x').expect(200)).body;
    assert.equal(selected.metadata.remainingItemCount, undefined);
    assert.ok(selected.metadata.continue);
    for (const query of ['limit=3', 'limit=0', '', 'limit=3&labelSelector=!x']) {
      const { metadata } = (await list(query).expect(200)).body;
      assert.deepEqual(Object.keys(metadata), ['resourceVersion'], query);
    }
  });

  test('K37: the fields of a machine that can be selected by, with escapes and both signs', async () => {
    const off = machine('off', (m) => {
      m.spec.runStrategy = 'Halted';
    });
    await t.admin.post(MACHINES, machine('on')).expect(201);
    await t.admin.post(MACHINES, off).expect(201);
    for (const [selector, expected] of [
      ['metadata.name=on', ['on']],
      ['metadata.name==on', ['on']],
      ['metadata.name!=on', ['off']],
      ['metadata.name!=on,metadata.name!=off', []],
      ['metadata.namespace=default,spec.runStrategy=Halted', ['off']],
      ['spec.runStrategy!=Halted', ['on']],
      ['status.phase=Pending', ['on']],
      ['status.nodeName=', ['off', 'on']],
      ['metadata.name=o\\=n', []],
    ] as const) {
      const { body } = await t.admin.get(`${MACHINES}?fieldSelector=${encodeURIComponent(selector)}`).expect(200);
      assert.deepEqual(names(body), expected, selector);
    }
    for (const selector of ['metadata.name', 'metadata.name=a=b', 'metadata.name=a\\b', '=x']) {
      const { body } = await t.admin.get(`${MACHINES}?fieldSelector=${encodeURIComponent(selector)}`).expect(400);
      assert.equal(body.reason, 'BadRequest', selector);
    }
    const { body } = await list('fieldSelector=spec.runStrategy%3DHalted').expect(400);
    assert.equal(
      body.message,
      '"spec.runStrategy" is not a known field selector: only "metadata.name", "metadata.namespace"',
    );
  });

  test('K39, K40: a namespace that is missing is empty, and version 0 is never too old', async () => {
    for (const query of ['', '?resourceVersion=0', '?limit=5']) {
      const { body } = await t.admin.get(`/api/v1/namespaces/nowhere/configmaps${query}`).expect(200);
      assert.deepEqual(body.items, []);
    }
    const { body } = await t.admin.patch(`${CONFIGMAPS}/a`, { data: { state: 'third' } }).expect(200);
    await t.store.compact(BigInt(body.metadata.resourceVersion));
    await list('resourceVersion=0').expect(200);
    await list('resourceVersion=0&limit=1').expect(200);
    const watch = await t.admin.watch(`${CONFIGMAPS}?watch=true&resourceVersion=0`);
    assert.deepEqual(await watch.names(3), ['ADDED a', 'ADDED b', 'ADDED c']);
    watch.close();
  });

  test('K33, K35, E13: an exact version that was compacted is 410, without a token', async () => {
    for (const query of [`resourceVersion=${atB()}&resourceVersionMatch=Exact`, `resourceVersion=${atB()}&limit=5`]) {
      const { body } = await list(query).expect(410);
      assert.equal(body.reason, 'Expired');
      assert.equal(body.metadata.continue, undefined);
      assert.equal(body.details, undefined);
    }
    await list(`resourceVersion=${atB()}`).expect(200);
    await list(`resourceVersion=${atB()}&resourceVersionMatch=NotOlderThan&limit=5`).expect(200);
  });
});
