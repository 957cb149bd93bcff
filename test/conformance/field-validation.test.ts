/** What becomes of fields that nobody knows, that stand twice, and of other things that a client should be told. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { MACHINES, startApi, type TestApi } from './harness.ts';
import { machine } from './machines.ts';

const CONFIGMAPS = '/api/v1/namespaces/default/configmaps';
const ONE = `${CONFIGMAPS}/one`;
const JSON_PATCH = 'application/json-patch+json';

/** The texts of Warning headers, unquoted. */
function warningsOf(header: string | undefined): string[] {
  return [...(header ?? '').matchAll(/299 - "((?:[^"\\]|\\.)*)"/g)].map(([, text = '']) =>
    text.replace(/\\(.)/g, '$1'),
  );
}

describe('field validation and warnings', () => {
  let t: TestApi;
  before(async () => {
    t = await startApi();
    await t.admin.post(CONFIGMAPS, { metadata: { name: 'one' } }).expect(201);
    await t.admin.post(MACHINES, machine('web')).expect(201);
  });
  after(() => t?.stop());

  const odd = { metadata: { name: 'one', oddity: 1 }, surprise: { a: 1 } };

  test('O26: Ignore, Warn and Strict are known, everything else is 422 on the kind of the options', async () => {
    for (const [send, kind] of [
      [(query: string) => t.admin.post(`${CONFIGMAPS}?${query}`, odd), 'CreateOptions'],
      [(query: string) => t.admin.put(`${ONE}?${query}`, odd), 'UpdateOptions'],
      [(query: string) => t.admin.patch(`${ONE}?${query}`, odd), 'PatchOptions'],
    ] as const) {
      for (const value of ['Maybe', 'strict', 'Strict,Warn']) {
        const { body } = await send(`fieldValidation=${value}`).expect(422);
        assert.equal(body.details.kind, kind);
        assert.equal(body.details.causes[0].field, 'fieldValidation');
        assert.match(body.message, /supported values: "Ignore", "Strict", "Warn"/);
      }
    }
  });

  test('O26: without a word from the client it is Warn, and Strict for what people write of our own kinds', async () => {
    const warned = await t.admin.put(ONE, odd).expect(200);
    assert.deepEqual(warningsOf(warned.headers.warning), [
      'unknown field "metadata.oddity"',
      'unknown field "surprise"',
    ]);
    const typo = machine('typo', (m) => {
      m.spec.domian = {};
    });
    await t.admin.post(MACHINES, typo).expect(400);
    await t.admin.post(`${MACHINES}?fieldValidation=Warn&dryRun=All`, typo).expect(201);
  });

  test('O27: Ignore is silent, Warn tells, both drop what is unknown and take the last of doubled keys', async () => {
    const doubled = '{"metadata":{"name":"one"},"data":{"a":"1","a":"2"},"surprise":1}';
    for (const value of ['Ignore', 'Warn']) {
      const { body, headers } = await t.admin.put(`${ONE}?fieldValidation=${value}`, doubled).expect(200);
      assert.deepEqual([body.data, body.surprise], [{ a: '2' }, undefined]);
      const told = value === 'Ignore' ? [] : ['duplicate field "data.a"', 'unknown field "surprise"'];
      assert.deepEqual(warningsOf(headers.warning), told);
    }
  });

  test('O27: Strict is 400 on create and update, with every path', async () => {
    const text =
      '{"metadata":{"name":"strict"},"data":{"a":"1","a":"2"},"surprise":1,"immutable":true,"immutable":false}';
    for (const send of [
      () => t.admin.post(`${CONFIGMAPS}?fieldValidation=Strict`, text),
      () => t.admin.put(`${ONE}?fieldValidation=Strict`, text.replace('strict', 'one')),
    ]) {
      const { body } = await send().expect(400);
      assert.equal(body.reason, 'BadRequest');
      assert.match(
        body.message,
        /strict decoding error: duplicate field "data\.a", duplicate field "immutable", unknown field "surprise"$/,
      );
    }
    const nested = machine('nested', (m) => {
      m.spec.domain.devices.disks[0].redonly = true;
    });
    const { body } = await t.admin.post(`${MACHINES}?fieldValidation=Strict`, nested).expect(400);
    assert.match(body.message, /unknown field "spec\.domain\.devices\.disks\[0\]\.redonly"$/);
  });

  test('O27: Strict is 422 on the field patch for patches; a doubled key in a patch counts too', async () => {
    for (const [patch, type, says] of [
      [{ surprise: 1 }, undefined, /strict decoding error: unknown field "surprise"/],
      ['{"data":{"x":"1","x":"2"}}', undefined, /strict decoding error: duplicate field "data\.x"/],
      [[{ op: 'add', path: '/surprise', value: 1 }], JSON_PATCH, /unknown field "surprise"/],
      [{ surprise: 1 }, 'application/strategic-merge-patch+json', /unknown field "surprise"/],
    ] as const) {
      const { body } = await t.admin.patch(`${ONE}?fieldValidation=Strict`, patch, type).expect(422);
      assert.equal(body.reason, 'Invalid');
      const cause = body.details.causes.find((one: { field: string }) => one.field === 'patch');
      assert.match(cause.message, says);
    }
    const warned = await t.admin.patch(`${ONE}?fieldValidation=Warn`, { surprise: 1 }).expect(200);
    assert.deepEqual(warningsOf(warned.headers.warning), ['unknown field "surprise"']);
  });

  test('O28: a warning is code 299, quoted, without control characters, and said once', async () => {
    const names = ['a"b', 'a\\b', 'line\nfeed', 'tab\there', 'naïve – ✓'];
    const body = Object.fromEntries([['metadata', { name: 'one' }], ...names.map((name) => [name, 1])]);
    const { headers } = await t.admin.put(ONE, body).expect(200);
    // UTF-8 goes over the wire as it is; Node shows its bytes as characters.
    const header = Buffer.from(String(headers.warning), 'latin1').toString('utf8');
    assert.match(header, /^(?:299 - "(?:[^"\\\p{Cc}]|\\["\\])*"(?:, )?)+$/u);
    const told = warningsOf(header);
    assert.deepEqual(
      told,
      names.map((name) => `unknown field ${JSON.stringify(name)}`),
    );
  });

  test('O28: all warnings of an answer take 4 KiB at most; long ones are cut at 256 characters then', async () => {
    const long = Array.from({ length: 8 }, (_, index) => `${index}${'x'.repeat(700)}`);
    const body = Object.fromEntries([['metadata', { name: 'one' }], ...long.map((name) => [name, 1])]);
    const { headers } = await t.admin.put(ONE, body).expect(200);
    const told = warningsOf(headers.warning);
    assert.equal(told.length, 8);
    for (const [index, text] of told.entries()) {
      assert.equal(text.length, 256);
      assert.ok(text.startsWith(`unknown field "${index}xxx`));
    }
    const many = Object.fromEntries(Array.from({ length: 5_000 }, (_, index) => [`field-${index}`, 1]));
    const flood = await t.admin.put(ONE, { metadata: { name: 'one' }, ...many }).expect(200);
    assert.ok(warningsOf(flood.headers.warning).join('').length <= 4096);
  });

  test('O29: an owner that is listed twice is kept once, with a warning', async () => {
    const owner = { apiVersion: 'v1', kind: 'ConfigMap', name: 'o', uid: 'u' };
    const other = { ...owner, controller: true };
    const metadata = { name: 'owned', ownerReferences: [owner, owner, other, { ...owner, uid: 'v' }] };
    const made = await t.admin.post(CONFIGMAPS, { metadata }).expect(201);
    assert.deepEqual(made.body.metadata.ownerReferences, [owner, other, { ...owner, uid: 'v' }]);
    assert.match(warningsOf(made.headers.warning).join(), /metadata\.ownerReferences contains duplicate entries/);
    const path = `${CONFIGMAPS}/owned`;
    const patch = await t.admin.patch(path, { metadata: { ownerReferences: [owner, owner] } }).expect(200);
    assert.deepEqual(patch.body.metadata.ownerReferences, [owner]);
    assert.equal(warningsOf(patch.headers.warning).length, 1);
    const same = await t.admin.patch(path, { metadata: { ownerReferences: [owner] } }).expect(200);
    assert.equal(same.headers.warning, undefined);
  });

  test('O29: a new finalizer without a domain is warned of, once and by who adds it', async () => {
    const path = `${CONFIGMAPS}/owned`;
    const added = await t.admin.patch(path, { metadata: { finalizers: ['mine', 'a.b/c', 'orphan'] } }).expect(200);
    assert.match(
      warningsOf(added.headers.warning).join('|'),
      /^metadata\.finalizers: "mine": prefer a domain-qualified/,
    );
    const later = await t.admin.patch(path, { metadata: { labels: { a: 'b' } } }).expect(200);
    assert.equal(later.headers.warning, undefined);
  });
});
