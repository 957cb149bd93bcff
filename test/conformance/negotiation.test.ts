/** What a client accepts, what it sends, and how answers are encoded. */
import assert from 'node:assert/strict';
import { request } from 'node:https';
import { after, before, describe, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { parse } from 'yaml';
import { type Client, MACHINES, startApi, type TestApi } from './harness.ts';
import { machine } from './machines.ts';

const CONFIGMAPS = '/api/v1/namespaces/default/configmaps';
const SECRETS = '/api/v1/namespaces/default/secrets';
const REVIEWS = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews';
const TABLE = 'application/json;as=Table;v=v1;g=meta.k8s.io';
const PARTIAL = 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1';
const PARTIAL_LIST = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1';
/** What client-go's metadata client sends for one object; for lists the kind has "List" behind it. */
const METADATA_CLIENT = `application/vnd.kubernetes.protobuf;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,${PARTIAL},application/json`;

describe('content negotiation', () => {
  let t: TestApi;
  let admin: Client;
  before(async () => {
    t = await startApi();
    admin = t.admin;
    await admin.post(MACHINES, machine('m0')).expect(201);
    await admin.post(CONFIGMAPS, { metadata: { name: 'one' }, data: { a: 'b' } }).expect(201);
  });
  after(() => t?.stop());

  const get = (path: string, accept: string) => admin.get(path).set('Accept', accept);
  const kindFor = async (path: string, accept: string) => (await get(path, accept).expect(200)).body.kind as string;

  test('C1: a body without Content-Type is JSON, in every method that has one but PATCH', async () => {
    const without = (method: 'post' | 'put' | 'delete', path: string, body: unknown) =>
      method === 'post'
        ? admin.post(path, body).unset('Content-Type')
        : method === 'put'
          ? admin.put(path, body).unset('Content-Type')
          : admin.delete(path, body).unset('Content-Type');
    const made = await without('post', CONFIGMAPS, { metadata: { name: 'bare' } }).expect(201);
    await without('put', `${CONFIGMAPS}/bare`, { ...made.body, data: { x: 'y' } }).expect(200);
    // Read as options: a precondition that was lost would let these delete.
    await without('delete', `${CONFIGMAPS}/bare`, { preconditions: { uid: 'other' } }).expect(409);
    await without('delete', `${CONFIGMAPS}?fieldSelector=metadata.name%3Dbare`, {
      preconditions: { uid: 'other' },
    }).expect(409);
    await admin.patch(`${CONFIGMAPS}/bare`, {}).unset('Content-Type').expect(415);
    await without('delete', `${CONFIGMAPS}/bare`, { preconditions: { uid: made.body.metadata.uid } }).expect(200);
  });

  test('C2: the first clause that can be served is taken, by weight and then by order', async () => {
    for (const [accept, type] of [
      ['', 'application/json'],
      ['*/*', 'application/json'],
      ['application/*', 'application/json'],
      ['APPLICATION/JSON', 'application/json'],
      ['application/yaml, application/json', 'application/yaml'],
      ['application/yaml;q=0.4, application/json;q=0.5', 'application/json'],
      ['application/json;q=0, application/yaml', 'application/yaml'],
      ['application/vnd.kubernetes.protobuf, text/html;q=0.9, */*;q=0.1', 'application/json'],
      ['application/json; charset=utf-8', 'application/json'],
    ] as const) {
      const { headers } = await get(`${MACHINES}/m0`, accept).buffer(true).expect(200);
      assert.equal(headers['content-type'], type, accept);
    }
    for (const accept of [
      'text/html',
      'application/vnd.kubernetes.protobuf',
      'application/json;q=0',
      'application/json;stream=watch',
    ]) {
      const { body, headers } = await get(MACHINES, accept).expect(406);
      assert.equal(body.reason, 'NotAcceptable', accept);
      assert.match(body.message, /^only the following media types are accepted: application\/json, application\/yaml/);
      assert.equal(headers['content-type'], 'application/json');
    }
  });

  test('C3: media types of bodies: JSON and YAML with any parameters, everything else is 415', async () => {
    for (const type of ['application/json; charset=utf-8', 'Application/JSON', 'application/json;x=y']) {
      await admin
        .post(`${CONFIGMAPS}?dryRun=All`, { metadata: { name: 'x' } })
        .set('Content-Type', type)
        .expect(201);
    }
    const yaml = 'metadata:\n  name: from-yaml\ndata:\n  a: "1"\n';
    const made = await admin.post(CONFIGMAPS, yaml).set('Content-Type', 'application/yaml').expect(201);
    const changed = `metadata: {name: from-yaml, uid: ${made.body.metadata.uid}}\ndata: {a: "2"}\n`;
    const put = await admin.put(`${CONFIGMAPS}/from-yaml`, changed).set('Content-Type', 'application/yaml').expect(200);
    assert.deepEqual(put.body.data, { a: '2' });
    const options = 'preconditions:\n  uid: other\n';
    await admin.delete(`${CONFIGMAPS}/from-yaml`, options).set('Content-Type', 'application/yaml').expect(409);
    for (const type of ['text/plain', 'application/xml', 'application/x-www-form-urlencoded', 'json']) {
      const { body } = await admin.post(CONFIGMAPS, '{}').set('Content-Type', type).expect(415);
      assert.equal(body.reason, 'UnsupportedMediaType', type);
      assert.match(body.message, /accepted media types include: application\/json, application\/yaml/);
    }
  });

  test('C3: answers in YAML: objects, lists, tables, a Status; a watch has no YAML', async () => {
    const yaml = async (path: string, accept = 'application/yaml') => {
      const { text, headers } = await get(path, accept).buffer(true).expect(200);
      assert.equal(headers['content-type'], 'application/yaml');
      return parse(text);
    };
    assert.deepEqual((await yaml(`${CONFIGMAPS}/one`)).data, { a: 'b' });
    assert.deepEqual((await yaml(CONFIGMAPS)).items[0].kind, 'ConfigMap');
    assert.deepEqual((await yaml(`${CONFIGMAPS}?labelSelector=none`)).items, []);
    const table = await yaml(CONFIGMAPS, 'application/yaml;as=Table;v=v1;g=meta.k8s.io');
    assert.equal(table.rows[0].cells[0], 'from-yaml');
    const gone = await admin
      .delete(`${CONFIGMAPS}/from-yaml`)
      .set('Accept', 'application/yaml')
      .buffer(true)
      .expect(200);
    assert.equal(parse(gone.text).details.name, 'from-yaml');
    await get(`${CONFIGMAPS}?watch=true`, 'application/yaml').expect(406);
  });

  test('C4: a transformation of another kind, group or version is skipped with its clause', async () => {
    for (const clause of [
      'application/json;as=Table;v=v2;g=meta.k8s.io',
      'application/json;as=Table;v=v1;g=other.io',
      'application/json;as=Table',
      'application/json;as=Chair;v=v1;g=meta.k8s.io',
    ]) {
      await get(CONFIGMAPS, clause).expect(406);
      assert.equal(await kindFor(CONFIGMAPS, `${clause},application/json`), 'ConfigMapList');
    }
    const { body, headers } = await get(CONFIGMAPS, 'application/json;as=Table;v=v1beta1;g=meta.k8s.io').expect(200);
    assert.equal(body.apiVersion, 'meta.k8s.io/v1beta1');
    assert.equal(body.rows[0].object.apiVersion, 'meta.k8s.io/v1beta1');
    assert.equal(headers['content-type'], 'application/json');
  });

  test('C5: metadata of one object and of lists are two kinds, and asking for the wrong one is 406', async () => {
    assert.equal(await kindFor(`${MACHINES}/m0`, PARTIAL), 'PartialObjectMetadata');
    assert.equal(await kindFor(MACHINES, PARTIAL_LIST), 'PartialObjectMetadataList');
    await get(MACHINES, PARTIAL).expect(406);
    await get(`${MACHINES}/m0`, PARTIAL_LIST).expect(406);
    await get(`${CONFIGMAPS}?watch=true&timeoutSeconds=1`, PARTIAL_LIST).expect(406);
    await admin.post(CONFIGMAPS, { metadata: { name: 'gone', labels: { go: 'yes' } } }).expect(201);
    const { body } = await admin.delete(`${CONFIGMAPS}?labelSelector=go`).set('Accept', PARTIAL_LIST).expect(200);
    assert.equal(body.kind, 'PartialObjectMetadataList');
    assert.deepEqual(
      body.items.map((item: { metadata: { name: string } }) => item.metadata.name),
      ['gone'],
    );
  });

  test('C5: results of writes as tables and metadata; a Status and a review have no views', async () => {
    const made = await admin
      .post(CONFIGMAPS, { metadata: { name: 'view' } })
      .set('Accept', TABLE)
      .expect(201);
    assert.equal(made.body.kind, 'Table');
    assert.equal(made.body.rows[0].cells[0], 'view');
    const patched = await admin
      .patch(`${CONFIGMAPS}/view`, { data: { a: 'b' } })
      .set('Accept', TABLE)
      .expect(200);
    assert.equal(patched.body.rows[0].cells[1], '1');
    const put = await admin
      .put(`${CONFIGMAPS}/view`, { metadata: { name: 'view' } })
      .set('Accept', PARTIAL)
      .expect(200);
    assert.equal(put.body.kind, 'PartialObjectMetadata');
    const gone = await admin.delete(`${CONFIGMAPS}/view`).set('Accept', TABLE).expect(200);
    assert.equal(gone.body.kind, 'Status');
    const missing = await get(`${CONFIGMAPS}/view`, TABLE).expect(404);
    assert.equal(missing.body.kind, 'Status');
    await admin.post(REVIEWS, { spec: {} }).set('Accept', TABLE).expect(406);
  });

  test('C6: metadata is whole, with kind and version on every item, and the list has its own', async () => {
    await admin
      .post(CONFIGMAPS, {
        metadata: {
          name: 'whole',
          labels: { a: 'b' },
          finalizers: ['a.b/c'],
          ownerReferences: [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'one', uid: 'u' }],
        },
      })
      .expect(201);
    const full = await admin.delete(`${CONFIGMAPS}/whole`).expect(200);
    const { body } = await get(`${CONFIGMAPS}/whole`, PARTIAL).expect(200);
    assert.deepEqual(Object.keys(body).sort(), ['apiVersion', 'kind', 'metadata']);
    assert.equal(body.apiVersion, 'meta.k8s.io/v1');
    assert.deepEqual(body.metadata, full.body.metadata);
    for (const member of ['uid', 'ownerReferences', 'finalizers', 'deletionTimestamp', 'resourceVersion']) {
      assert.ok(body.metadata[member], member);
    }
    const list = (await get(`${CONFIGMAPS}?limit=1`, PARTIAL_LIST).expect(200)).body;
    assert.deepEqual(Object.keys(list.metadata).sort(), ['continue', 'remainingItemCount', 'resourceVersion']);
    assert.equal(list.items[0].kind, 'PartialObjectMetadata');
    assert.equal(list.items[0].apiVersion, 'meta.k8s.io/v1');
    assert.equal(list.items[0].data, undefined);
    await admin.patch(`${CONFIGMAPS}/whole`, { metadata: { finalizers: null } }).expect(200);
  });

  test('C7: what the metadata client sends gives metadata, on get, list and watch', async () => {
    assert.equal(await kindFor(`${MACHINES}/m0`, METADATA_CLIENT), 'PartialObjectMetadata');
    const list = METADATA_CLIENT.replaceAll('Metadata;', 'MetadataList;');
    assert.equal(await kindFor(MACHINES, list), 'PartialObjectMetadataList');
    const watch = await admin.watch(`${MACHINES}?watch=true&resourceVersion=0`, METADATA_CLIENT);
    const frame = await watch.next();
    watch.close();
    assert.equal(frame?.object.kind, 'PartialObjectMetadata');
    assert.equal(frame?.object.apiVersion, 'meta.k8s.io/v1');
    assert.equal(frame?.object.metadata.name, 'm0');
  });

  test('C8, C9: protobuf and CBOR are skipped where JSON may follow, and no JSON is called by their names', async () => {
    for (const accept of [
      'application/vnd.kubernetes.protobuf,application/json',
      'application/cbor,application/json;q=0.9',
      'application/cbor, application/vnd.kubernetes.protobuf, */*',
    ]) {
      const { headers, body } = await get(`${MACHINES}/m0`, accept).expect(200);
      assert.equal(headers['content-type'], 'application/json', accept);
      assert.equal(body.kind, 'VirtualMachine');
    }
    for (const type of ['application/cbor', 'application/vnd.kubernetes.protobuf;stream=watch']) {
      await get(MACHINES, type).expect(406);
    }
    await admin.post(CONFIGMAPS, 'x').set('Content-Type', 'application/cbor').expect(415);
  });

  test('C15: nobody gets a table who did not ask for one', async () => {
    for (const accept of ['application/json', '*/*', '', PARTIAL_LIST]) {
      assert.match(await kindFor(MACHINES, accept), /List$/);
    }
    assert.equal(await kindFor(MACHINES, `${PARTIAL_LIST},${TABLE}`), 'PartialObjectMetadataList');
  });

  test('C16: indentation on demand and for programs that people read', async () => {
    const text = async (query: string, agent?: string) => {
      const sent = admin.get(`${CONFIGMAPS}/one${query}`);
      return (await (agent === undefined ? sent : sent.set('User-Agent', agent)).buffer(true).expect(200)).text;
    };
    const compact = await text('');
    assert.doesNotMatch(compact, /\n./);
    for (const [query, agent] of [
      ['?pretty=true'],
      ['?pretty=1'],
      ['', 'curl/7.88.1'],
      ['', 'Wget/1.21'],
      ['', 'Mozilla/5.0 (X11)'],
    ] as const) {
      const indented = await text(query, agent);
      assert.equal(indented, `${JSON.stringify(JSON.parse(compact), null, 2)}\n`, `${query} ${agent}`);
    }
    assert.equal(await text('?pretty=false', 'curl/7.88.1'), compact);
    assert.equal(await text('?pretty=0', 'curl/7.88.1'), compact);
  });

  /** The bytes as they come; supertest would decompress them. */
  const raw = (path: string, headers: Record<string, string>) =>
    new Promise<{ headers: NodeJS.Dict<string | string[]>; bytes: Buffer }>((resolve, reject) => {
      const sent = request({ ...t.connection, path, headers: { 'User-Agent': 'suite/1', ...headers } }, (res) => {
        const chunks: Buffer[] = [];
        res.on('data', (chunk: Buffer) => chunks.push(chunk));
        res.on('end', () => resolve({ headers: res.headers, bytes: Buffer.concat(chunks) }));
      });
      sent.on('error', reject).end();
    });

  test('C17: gzip above 128 KiB for those who accept it, of objects and of lists of any length', async () => {
    const part = (index: number) => `${index}`.repeat(100_000).slice(0, 100_000);
    for (let index = 1; index <= 4; index += 1) {
      const data = { a: Buffer.from(part(index)).toString('base64') };
      await admin.post(SECRETS, { metadata: { name: `big-${index}` }, data }).expect(201);
    }
    const gzip = { 'Accept-Encoding': 'gzip' };
    const small = await raw(`${CONFIGMAPS}/one`, gzip);
    assert.equal(small.headers['content-encoding'], undefined);
    assert.equal(small.headers.vary, undefined);
    for (const path of [`${SECRETS}/big-1`, SECRETS]) {
      const plain = await raw(path, {});
      assert.equal(plain.headers['content-encoding'], undefined, path);
      assert.equal(plain.headers.vary, 'Accept-Encoding');
      const compressed = await raw(path, gzip);
      assert.equal(compressed.headers['content-encoding'], 'gzip', path);
      assert.equal(compressed.headers.vary, 'Accept-Encoding');
      assert.ok(compressed.bytes.length < plain.bytes.length / 10);
      assert.deepEqual(JSON.parse(gunzipSync(compressed.bytes).toString()), JSON.parse(plain.bytes.toString()));
      const declined = await raw(path, { 'Accept-Encoding': 'gzip;q=0, br' });
      assert.equal(declined.headers['content-encoding'], undefined);
    }
    await admin.delete(SECRETS).expect(200);
  });

  test('C17: a watch is never compressed', async () => {
    const watch = await new Promise<NodeJS.Dict<string | string[]>>((resolve, reject) => {
      const headers = { 'Accept-Encoding': 'gzip' };
      const sent = request({ ...t.connection, path: `${CONFIGMAPS}?watch=true&timeoutSeconds=1`, headers }, (res) => {
        resolve(res.headers);
        res.resume();
      });
      sent.on('error', reject).end();
    });
    assert.equal(watch['content-encoding'], undefined);
    assert.equal(watch['transfer-encoding'], 'chunked');
  });

  test('C18: headers that every answer has', async () => {
    for (const path of [MACHINES, `${MACHINES}/m0`, `${MACHINES}/missing`]) {
      const { headers } = await admin.get(path);
      assert.equal(headers['cache-control'], 'no-cache, private', path);
      assert.equal(headers['content-type'], 'application/json');
      assert.match(headers['audit-id'] ?? '', /^[0-9a-f-]{36}$/);
      assert.equal(headers.etag, undefined);
    }
  });

  test('C19: patches by their media types; without one a patch is 415', async () => {
    const path = `${CONFIGMAPS}/one`;
    await admin.patch(path, [{ op: 'add', path: '/data/x', value: 'y' }], 'application/json-patch+json').expect(200);
    await admin.patch(path, { data: { x: null } }, 'application/merge-patch+json').expect(200);
    await admin.patch(path, { data: { x: 'z' } }, 'application/strategic-merge-patch+json').expect(200);
    for (const type of ['application/json', 'application/yaml', 'text/plain', 'application/patch']) {
      const { body } = await admin.patch(path, {}, type).expect(415);
      assert.match(body.message, /application\/json-patch\+json, application\/merge-patch\+json/, type);
    }
    await admin.patch(path, {}).unset('Content-Type').expect(415);
    const own = await admin.patch(`${MACHINES}/m0`, {}, 'application/strategic-merge-patch+json').expect(415);
    assert.doesNotMatch(own.body.message, /strategic/);
  });

  test('C20: times in whole seconds, lists that are never null, keys that are told apart by case', async () => {
    const { body } = await admin.get(`${CONFIGMAPS}/one`).expect(200);
    assert.match(body.metadata.creationTimestamp, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    assert.match((await admin.get(`${CONFIGMAPS}?labelSelector=none`)).text, /"items":\[\]/);
    assert.match((await get(`${CONFIGMAPS}?labelSelector=none`, TABLE)).text, /"rows":\[\]/);
    const made = await admin.post(CONFIGMAPS, {
      metadata: { name: 'cases' },
      data: { A: '1', a: '2' },
      Data: { b: '3' },
    });
    assert.deepEqual(made.body.data, { A: '1', a: '2' });
    assert.equal(made.headers.warning, '299 - "unknown field \\"Data\\""');
  });

  test('C20: of doubled keys the last one counts, with a warning; a whole number that would lose digits is refused', async () => {
    const doubled = '{"metadata":{"name":"double"},"data":{"a":"1","a":"2"}}';
    const made = await admin.post(CONFIGMAPS, doubled).expect(201);
    assert.deepEqual(made.body.data, { a: '2' });
    assert.equal(made.headers.warning, '299 - "duplicate field \\"data.a\\""');
    const exact = machine('exact', (m) => {
      m.spec.terminationGracePeriodSeconds = Number.MAX_SAFE_INTEGER;
    });
    const kept = await admin.post(`${MACHINES}?dryRun=All`, exact).expect(201);
    assert.equal(kept.body.spec.terminationGracePeriodSeconds, 9007199254740991);
    for (const type of ['application/json', 'application/yaml']) {
      const text = JSON.stringify(exact).replace('9007199254740991', '9007199254740993');
      const { body } = await admin.post(MACHINES, text).set('Content-Type', type).expect(400);
      assert.match(body.message, /spec\.terminationGracePeriodSeconds: the number 9007199254740993 is outside/, type);
    }
  });

  test('C20: __proto__ and constructor are keys like others, byte for byte, on every way in and out', async () => {
    const data = '"data":{"__proto__":"p","constructor":"c","toString":"t"}';
    const made = await admin.post(CONFIGMAPS, `{"metadata":{"name":"proto"},${data}}`).expect(201);
    assert.ok(made.text.includes(data), made.text);
    const path = `${CONFIGMAPS}/proto`;
    await t.restart();
    assert.ok((await admin.get(path)).text.includes(data));
    assert.ok((await admin.get(CONFIGMAPS)).text.includes(data));
    const put = await admin.put(path, made.text.replace('"t"', '"u"')).expect(200);
    assert.ok(put.text.includes('"__proto__":"p","constructor":"c","toString":"u"'), put.text);
    const merged = await admin.patch(path, '{"data":{"__proto__":"q"}}').expect(200);
    assert.ok(merged.text.includes('"__proto__":"q"'), merged.text);
    for (const type of ['application/strategic-merge-patch+json', 'application/json-patch+json']) {
      const patch = type.includes('json-patch')
        ? '[{"op":"replace","path":"/data/__proto__","value":"s"},{"op":"remove","path":"/data/constructor"}]'
        : '{"data":{"__proto__":"r"}}';
      const patched = await admin.patch(path, patch, type).expect(200);
      assert.ok(patched.text.includes(`"__proto__":"${type.includes('json-patch') ? 's' : 'r'}"`), patched.text);
    }
    const yaml = await get(path, 'application/yaml').buffer(true).expect(200);
    assert.equal(JSON.stringify(parse(yaml.text).data), '{"__proto__":"s","toString":"u"}');
    const back = await admin.put(path, yaml.text).set('Content-Type', 'application/yaml').expect(200);
    assert.ok(back.text.includes('"data":{"__proto__":"s","toString":"u"}'), back.text);
  });

  test('C20: server-side apply merges, keeps and removes such keys as any other', async () => {
    const apply = async (manager: string, data: string) => {
      const body = `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"applied"},"data":${data}}`;
      const sent = admin.patch(`${CONFIGMAPS}/applied?fieldManager=${manager}`, body, 'application/apply-patch+yaml');
      const answer = await sent.expect((response) => assert.ok(response.status < 300, response.text));
      return answer.text;
    };
    await apply('a', '{"a":"1"}');
    const merged = '{"a":"1","__proto__":"p","constructor":"c"}';
    assert.ok((await apply('b', '{"__proto__":"p","constructor":"c"}')).includes(`"data":${merged}`));
    assert.ok((await apply('b', '{"__proto__":"q","constructor":"c"}')).includes('"__proto__":"q"'));
    const left = await apply('a', '{}');
    assert.ok(left.includes('"data":{"__proto__":"q","constructor":"c"}'), left);
    assert.ok((await apply('b', '{"__proto__":"q"}')).includes('"data":{"__proto__":"q"}'));
  });
});
