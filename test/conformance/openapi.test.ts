/** The OpenAPI documents as clients and the aggregator ask for them, of a server with every resource that there is. */
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { openApiDocuments } from '../../apiserver/discovery/openapi.ts';
import { patchTypesOf } from '../../apiserver/registry/patch-types.ts';
import { describedResources } from '../../hack/generator/described-resources.ts';
import { type InjectedServer, issue, startInjected } from './injected-server.ts';

type Node = Record<string, unknown>;
const isNode = (value: unknown): value is Node => typeof value === 'object' && value !== null;

const VERSION = 'v0.1.0';
const TORPOR = 'apis/torpor.dev/v1alpha1';
const definitions = describedResources(true);
let directory: string;
/** With the kinds of Kubernetes, as an embedded server has them. */
let api: InjectedServer;
/** Without, as behind an APIService. */
let bare: InjectedServer;
/** Anybody: a certificate without groups. */
let get: (path: string) => ReturnType<ReturnType<InjectedServer['as']>['get']>;
let v2: Node & { paths: Record<string, Node>; definitions: Record<string, Node> };
let v3: Map<string, Node & { paths: Record<string, Node>; components: { schemas: Record<string, Node> } }>;

before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'torpor-openapi-'));
  const start = (name: string, resources: typeof definitions) =>
    startInjected(join(directory, name), { resources, documents: openApiDocuments(resources, VERSION) });
  api = await start('embedded', definitions);
  bare = await start('bare', describedResources(false));
  const agent = api.as(await issue(api.authority, { commonName: 'somebody' }));
  get = (path) => agent.get(path);
  v2 = (await get('/openapi/v2').set('Accept', 'application/json')).body;
  v3 = new Map();
  for (const [key, { serverRelativeURL }] of Object.entries(await index())) {
    v3.set(key, (await get(serverRelativeURL)).body);
  }
});
after(async () => {
  await api.server.stop();
  await bare.server.stop();
  await rm(directory, { recursive: true, force: true });
});

const index = async () =>
  (await get('/openapi/v3')).body.paths as Record<string, { readonly serverRelativeURL: string }>;

/** As the aggregator fetches: through the front proxy, as a user without groups. */
async function aggregator(server: InjectedServer) {
  const agent = server.as(await issue(server.proxyAuthority, { commonName: 'front-proxy-client' }));
  return (path: string) => agent.get(path).set('X-Remote-User', 'system:aggregator');
}

const document = (key: string) => {
  const found = v3.get(key);
  assert.ok(found, key);
  return found;
};

/** Every schema in the definitions with its place. */
function* schemas(value: unknown, path = ''): Generator<[path: string, schema: Node]> {
  if (!isNode(value)) return;
  const named = /\/(properties|definitions|schemas)$/.test(path);
  if (!Array.isArray(value) && !named && path !== '') yield [path, value];
  for (const [key, one] of Object.entries(value)) {
    if (
      named ||
      ['properties', 'items', 'additionalProperties', 'allOf', 'oneOf'].includes(key) ||
      Array.isArray(value)
    )
      yield* schemas(one, `${path}/${key}`);
  }
}

interface Operation extends Node {
  readonly operationId: string;
  readonly parameters?: readonly { readonly name: string; readonly in: string }[];
  readonly 'x-kubernetes-group-version-kind'?: Node;
}

function* operations(paths: Record<string, Node>): Generator<[path: string, method: string, operation: Operation]> {
  for (const [path, item] of Object.entries(paths)) {
    for (const [method, operation] of Object.entries(item)) {
      if (method !== 'parameters') yield [path, method, operation as Operation];
    }
  }
}

/** The keyword anywhere below; where it stands. */
function* holders(value: unknown, keyword: string, path = '#'): Generator<[path: string, node: Node]> {
  if (!isNode(value)) return;
  if (keyword in value) yield [path, value];
  for (const [key, one] of Object.entries(value)) yield* holders(one, keyword, `${path}/${key}`);
}

test('O1: the aggregator fetches /openapi/v2 as a user without groups, and 304 when nothing is new', async () => {
  for (const server of [api, bare]) {
    const fetch = await aggregator(server);
    const first = await fetch('/openapi/v2').set('Accept', 'application/json');
    assert.deepEqual([first.status, first.body.swagger], [200, '2.0']);
    const again = await fetch('/openapi/v2')
      .set('Accept', 'application/json')
      .set('If-None-Match', first.headers.etag ?? '');
    assert.deepEqual([again.status, again.text], [304, '']);
  }
});

test('O2: /openapi/v2 has a strong ETag and says by what it varies; large as it is, it is compressed', async () => {
  const plain = await get('/openapi/v2').set('Accept-Encoding', 'identity');
  assert.match(plain.headers.etag ?? '', /^"[0-9A-F]{128}"$/);
  assert.deepEqual(String(plain.headers.vary).split(/,\s*/).sort(), ['Accept', 'Accept-Encoding']);
  assert.equal(plain.headers['content-encoding'], undefined);
  const packed = await get('/openapi/v2').set('Accept-Encoding', 'gzip');
  assert.equal(packed.headers['content-encoding'], 'gzip');
  assert.deepEqual(packed.body, plain.body);
  assert.equal(Number(packed.headers['content-length']) * 4 < Number(plain.headers['content-length']), true);
  // Another server of the same version says the same.
  const other = openApiDocuments([...describedResources(true)].reverse(), VERSION);
  const second = await startInjected(join(directory, 'second'), { resources: definitions, documents: other });
  try {
    const agent = second.as(await issue(second.authority, { commonName: 'somebody' }));
    for (const path of ['/openapi/v2', '/openapi/v3', `/openapi/v3/${TORPOR}`])
      assert.equal((await agent.get(path)).headers.etag, (await get(path)).headers.etag, path);
  } finally {
    await second.server.stop();
  }
});

const PROTOBUF = 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf';
/** With the @ it is what every kubectl asks for. */
const ASKED = PROTOBUF.replace('v2.v1.0', 'v2@v1.0');

test('O3: /openapi/v2 in protobuf beside JSON: type, ETag, what is not served', async () => {
  const document = (accept: string) => get('/openapi/v2').set('Accept', accept).buffer(true);
  for (const accept of [ASKED, PROTOBUF, `text/html, ${ASKED}`, `application/json;q=0.5,${ASKED}`]) {
    const answer = await document(accept).expect(200);
    assert.equal(answer.headers['content-type'], PROTOBUF, accept);
    assert.match(answer.headers.etag ?? '', /^"[0-9A-F]{128}"$/);
    assert.match(answer.headers.vary ?? '', /Accept/);
    await document(accept)
      .set('If-None-Match', answer.headers.etag ?? '')
      .expect(304);
  }
  const [json, binary] = [await document('application/json').expect(200), await document(ASKED).expect(200)];
  assert.notEqual(json.headers.etag, binary.headers.etag);
  for (const accept of ['*/*', `application/json,${ASKED}`])
    assert.equal((await document(accept)).headers['content-type'], 'application/json', accept);
  const refused = await document('text/html').expect(406);
  assert.match(refused.body.message, /application\/json, application\/com\.github\.proto-openapi/);
});

test('O3: who cannot have /openapi/v2 finds the same under the name of old servers', async () => {
  const old = await get('/swagger-2.0.0.pb-v1').buffer(true).expect(200);
  const now = await get('/openapi/v2').set('Accept', ASKED).buffer(true).expect(200);
  assert.equal(old.headers['content-type'], PROTOBUF);
  assert.equal(old.headers.etag, now.headers.etag);
});

test('O4: behind an APIService every path is below the group version, whose own ends in a slash', async () => {
  const fetch = await aggregator(bare);
  const { body } = await fetch('/openapi/v2').set('Accept', 'application/json');
  const paths = Object.keys(body.paths);
  assert.equal(paths.includes(`/${TORPOR}/`), true, `${paths}`);
  for (const path of paths) assert.ok(path.startsWith(`/${TORPOR}/`), path);
  // What is kept by the aggregator holds together: every reference leads somewhere, and nothing is left over.
  const wanted = new Set([...holders(body, '$ref')].map(([, { $ref }]) => String($ref).replace('#/definitions/', '')));
  assert.deepEqual([...wanted].sort(), Object.keys(body.definitions).sort());
});

test('O5: our definitions bear our name; nothing claims a kind that the cluster serves itself', async () => {
  const fetch = await aggregator(bare);
  const { body } = await fetch('/openapi/v2').set('Accept', 'application/json');
  for (const name of Object.keys(body.definitions))
    assert.match(name, /^(dev\.torpor\.v1alpha1|io\.k8s\.(apimachinery|api)\.[a-z0-9.]+)\.[A-Z][A-Za-z0-9]+$/);
  assert.ok(body.definitions['io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta'], 'it is there');
  const claimed = kindsOf(body.definitions);
  assert.equal(claimed.includes('torpor.dev/v1alpha1/VirtualMachine'), true, `${claimed}`);
  for (const kind of claimed) assert.match(kind, /^torpor\.dev\//);
  for (const set of [v2.definitions, ...[...v3.values()].map(({ components }) => components.schemas)]) {
    const kinds = kindsOf(set);
    assert.equal(new Set(kinds).size, kinds.length, 'a kind is claimed twice');
  }
});

function kindsOf(set: Record<string, Node>): string[] {
  return Object.values(set).flatMap((schema) =>
    ((schema['x-kubernetes-group-version-kind'] ?? []) as { group: string; version: string; kind: string }[]).map(
      ({ group, version, kind }) => `${group}/${version}/${kind}`,
    ),
  );
}

test('O6: a definition has a list of kinds, an operation one kind', () => {
  const isKind = (value: unknown) =>
    isNode(value) && !Array.isArray(value) && Object.keys(value).sort().join() === 'group,kind,version';
  for (const one of [v2, ...v3.values()]) {
    let seen = 0;
    for (const [path, node] of holders(one, 'x-kubernetes-group-version-kind')) {
      const value = node['x-kubernetes-group-version-kind'];
      seen += 1;
      if ('operationId' in node) assert.ok(isKind(value), path);
      else assert.ok(Array.isArray(value) && value.length > 0 && value.every(isKind), path);
    }
    assert.ok(seen > 1, `${seen}`);
  }
});

test('O8: version 2 has only keywords that gnostic knows', () => {
  let seen = 0;
  for (const [path, schema] of schemas(v2.definitions, '/definitions')) {
    seen += 1;
    for (const keyword of ['nullable', 'oneOf', 'anyOf', 'allOf', 'not', 'const', 'deprecated'])
      assert.ok(!(keyword in schema), `${path} ${keyword}`);
    if (schema['x-kubernetes-preserve-unknown-fields'])
      assert.deepEqual([schema.items, schema.properties], [undefined, undefined]);
  }
  assert.ok(seen > 500, `${seen}`);
  // A number or text is text to version 2.
  assert.equal(v2.definitions['io.k8s.apimachinery.pkg.api.resource.Quantity']?.type, 'string');
  const port = v2.definitions['io.k8s.apimachinery.pkg.util.intstr.IntOrString'];
  assert.deepEqual([port?.type, port?.format], ['string', 'int-or-string']);
});

test('O9: references stand alone and lead somewhere, arrays have items, a type is one word', () => {
  for (const [path, schema] of schemas(v2.definitions, '/definitions')) {
    if (schema.$ref !== undefined) {
      const name = /^#\/definitions\/(.+)$/.exec(String(schema.$ref))?.[1] ?? '';
      assert.ok(v2.definitions[name], `${path} ${schema.$ref}`);
      for (const keyword of ['type', 'properties', 'items', 'default', 'additionalProperties'])
        assert.ok(!(keyword in schema), `${path} ${keyword}`);
    } else {
      assert.equal(typeof schema.type, 'string', path);
    }
    if (schema.type === 'array') assert.ok(isNode(schema.items) && !Array.isArray(schema.items), path);
  }
});

test('O10: every operation is complete and its id unique', () => {
  for (const one of [v2, ...v3.values()]) {
    const ids = new Set<string>();
    for (const [path, method, operation] of operations(one.paths)) {
      const where = `${method} ${path}`;
      assert.ok(operation.operationId && !ids.has(operation.operationId), where);
      ids.add(operation.operationId);
      assert.ok(isNode(operation.responses) && Object.keys(operation.responses).length > 0, where);
      if (one === v2) assert.ok(Array.isArray(operation.consumes) && Array.isArray(operation.produces), where);
      if (path.endsWith('/')) continue;
      assert.match(
        String(operation['x-kubernetes-action']),
        /^(get|list|post|put|patch|delete|deletecollection|watch|watchlist|connect|proxy)$/,
        where,
      );
      assert.ok(operation['x-kubernetes-group-version-kind'], where);
      const described = [...((one.paths[path]?.parameters ?? []) as { name: string }[])].map(({ name }) => name);
      for (const [, name] of path.matchAll(/\{(\w+)\}/g)) assert.ok(described.includes(name ?? ''), `${where} ${name}`);
    }
  }
});

test('O11: every PATCH of every kind lists dryRun, fieldValidation, fieldManager and force', () => {
  for (const one of [v2, document(TORPOR), document('api/v1')]) {
    const seen = new Map<string, Set<string>>();
    for (const [path, method, operation] of operations(one.paths)) {
      if (method !== 'patch') continue;
      const kind = String(operation['x-kubernetes-group-version-kind']?.kind);
      seen.set(kind, (seen.get(kind) ?? new Set()).add(path));
      const query = (operation.parameters ?? []).filter((parameter) => parameter.in === 'query');
      for (const name of ['dryRun', 'fieldValidation', 'fieldManager', 'force'])
        assert.ok(
          query.some((parameter) => parameter.name === name),
          `${path} ${name}`,
        );
    }
    const written = one === document('api/v1') ? 'Secret' : 'VirtualMachine';
    assert.ok((seen.get(written)?.size ?? 0) > 0, [...seen.keys()].join());
    if (written === 'VirtualMachine') assert.equal(seen.get(written)?.size, 2, 'the object and its status');
  }
});

test('O12, O25: PATCH of a kind takes what the server takes of it, in version 2 and 3', () => {
  let seen = 0;
  for (const definition of definitions) {
    const { group, version, plural, namespaced, verbs } = definition;
    if (!verbs.includes('patch')) continue;
    const key = group === '' ? `api/${version}` : `apis/${group}/${version}`;
    const path = `/${key}/${namespaced ? 'namespaces/{namespace}/' : ''}${plural}/{name}`;
    const old = v2.paths[path]?.patch as { consumes: string[] };
    assert.deepEqual(old.consumes, patchTypesOf(definition), path);
    const now = document(key).paths[path]?.patch as { requestBody: { content: Node } };
    assert.deepEqual(Object.keys(now.requestBody.content), patchTypesOf(definition), path);
    const strategic = old.consumes.includes('application/strategic-merge-patch+json');
    assert.equal(strategic, group !== 'torpor.dev', path);
    seen += 1;
  }
  assert.ok(seen > 8, `${seen}`);
});

test('O13: a kind that is written is an object with apiVersion, kind and metadata', () => {
  for (const { group, version, kind } of definitions) {
    const key = group === '' ? `api/${version}` : `apis/${group}/${version}`;
    for (const set of [v2.definitions, document(key).components.schemas]) {
      const found = Object.values(set).filter((schema) =>
        kindsOf({ one: schema }).includes(`${group}/${version}/${kind}`),
      );
      assert.equal(found.length, 1, kind);
      const [schema] = found;
      assert.equal(schema?.type, 'object', kind);
      for (const field of ['apiVersion', 'kind', 'metadata'])
        assert.ok(isNode(schema?.properties) && schema.properties[field], `${kind}.${field}`);
    }
  }
  assert.deepEqual(v2.definitions['dev.torpor.v1alpha1.Disk']?.required, ['name']);
});

test('O14: how lists and maps merge is told in version 2 and 3', () => {
  for (const set of [v2.definitions, document(TORPOR).components.schemas]) {
    const field = (name: string, ...path: string[]) =>
      path.reduce<Node | undefined>((at, step) => (at?.properties as Record<string, Node>)?.[step], set[name]);
    const disks = field('dev.torpor.v1alpha1.Devices', 'disks');
    assert.equal(disks?.['x-kubernetes-list-type'], 'map');
    assert.deepEqual(disks?.['x-kubernetes-list-map-keys'], ['name']);
    const conditions = field('dev.torpor.v1alpha1.VirtualMachineStatus', 'conditions');
    assert.deepEqual(conditions?.['x-kubernetes-list-map-keys'], ['type']);
    const meta = 'io.k8s.apimachinery.pkg.apis.meta.v1';
    assert.equal(field(`${meta}.ObjectMeta`, 'finalizers')?.['x-kubernetes-list-type'], 'set');
    assert.equal(field(`${meta}.ObjectMeta`, 'managedFields')?.['x-kubernetes-list-type'], 'atomic');
    assert.equal(set[`${meta}.LabelSelector`]?.['x-kubernetes-map-type'], 'atomic');
    const owners = field(`${meta}.ObjectMeta`, 'ownerReferences');
    assert.equal(owners?.['x-kubernetes-patch-merge-key'], 'uid');
    assert.equal(owners?.['x-kubernetes-patch-strategy'], 'merge');
    for (const [path, schema] of schemas(set, '/definitions')) {
      // What is nobody's whole field (items of a list, values of a map) needs no rule.
      if (schema.type === 'array' && !/\/(items|additionalProperties)$/.test(path))
        assert.match(String(schema['x-kubernetes-list-type']), /^(atomic|set|map)$/, path);
    }
  }
});

test('O20: the aggregator fetches the index of version 3, with a hash for each group version', async () => {
  const fetch = await aggregator(bare);
  const answer = await fetch('/openapi/v3');
  assert.equal(answer.status, 200);
  assert.equal(answer.headers['content-type'], 'application/json');
  assert.deepEqual(Object.keys(answer.body), ['paths']);
  assert.deepEqual(Object.keys(answer.body.paths), [TORPOR]);
  assert.match(
    answer.body.paths[TORPOR].serverRelativeURL,
    /^\/openapi\/v3\/apis\/torpor\.dev\/v1alpha1\?hash=[0-9A-F]{32}$/,
  );
  const again = await fetch('/openapi/v3').set('If-None-Match', answer.headers.etag ?? '');
  assert.equal(again.status, 304);
  // The document of a group version is the same on a server that serves more.
  assert.deepEqual((await index())[TORPOR], answer.body.paths[TORPOR]);
});

test('O21: everybody with a name may read the documents of version 3, as JSON; without a name nobody', async () => {
  const url = `/openapi/v3/${TORPOR}`;
  for (const accept of ['application/json', '*/*', 'application/com.github.proto-openapi.spec.v3@v1.0+protobuf, */*']) {
    const answer = await get(url).set('Accept', accept);
    assert.deepEqual([answer.status, answer.headers['content-type']], [200, 'application/json'], accept);
  }
  const refused = await get(url).set('Accept', 'application/com.github.proto-openapi.spec.v3@v1.0+protobuf');
  assert.deepEqual([refused.status, refused.body.reason], [406, 'NotAcceptable']);
  assert.equal((await api.as().get(url)).status, 403);
  assert.equal((await get('/openapi/v3/apis/nothing/v1')).status, 404);
});

test('O22: with the current hash a document may be kept for ever, with another it is served and not kept', async () => {
  for (const [key, { serverRelativeURL }] of Object.entries(await index())) {
    const current = await get(serverRelativeURL);
    assert.equal(current.headers['cache-control'], 'public, immutable', key);
    const months = (Date.parse(current.headers.expires ?? '') - Date.now()) / (30 * 86_400_000);
    assert.ok(months > 11 && months < 13, key);
    assert.match(current.headers.etag ?? '', /^"[0-9A-F]{128}"$/);
    assert.match(current.headers.vary ?? '', /^Accept/);
    for (const url of [serverRelativeURL.replace(/hash=.*/, 'hash=OLD'), `/openapi/v3/${key}`]) {
      const answer = await get(url);
      assert.equal(answer.status, 200, url);
      assert.equal(answer.headers['cache-control'], 'no-cache, private', url);
      assert.equal(answer.headers.expires, undefined, url);
      assert.deepEqual(answer.body, current.body);
    }
    assert.equal((await get(serverRelativeURL).set('If-None-Match', current.headers.etag ?? '')).status, 304);
  }
});

test('O23: a document of version 3 is about its group version alone and its references hold', () => {
  for (const [key, one] of v3) {
    assert.equal(one.openapi, '3.0.0');
    assert.deepEqual(one.info, { title: 'Torpor', version: VERSION });
    for (const path of Object.keys(one.paths)) assert.ok(path.startsWith(`/${key}/`), path);
    const { schemas: set } = one.components;
    const wanted = new Set<string>();
    for (const [path, node] of holders(one, '$ref')) {
      assert.deepEqual(Object.keys(node), ['$ref'], `${path}: what stands beside a reference is not read`);
      wanted.add(String(node.$ref).replace('#/components/schemas/', ''));
    }
    assert.deepEqual([...wanted].sort(), Object.keys(set).sort());
    for (const [path, schema] of schemas(set, '/schemas')) {
      if (schema.allOf === undefined) continue;
      assert.ok(Array.isArray(schema.allOf) && schema.allOf.length === 1, path);
      assert.ok(!('type' in schema), path);
    }
  }
  const machine = document(TORPOR).components.schemas['dev.torpor.v1alpha1.VirtualMachine'];
  assert.deepEqual(machine?.['x-kubernetes-group-version-kind'], [
    { group: 'torpor.dev', version: 'v1alpha1', kind: 'VirtualMachine' },
  ]);
});

test('O24: version 3 has the paths by which kubectl finds a kind', () => {
  for (const { group, version, kind, plural, namespaced, verbs } of definitions) {
    const key = group === '' ? `api/${version}` : `apis/${group}/${version}`;
    const place = namespaced ? 'namespaces/{namespace}/' : '';
    const wanted = [`/${key}/${place}${plural}`];
    if (verbs.includes('get')) wanted.push(`/${key}/${place}${plural}/{name}`);
    if (namespaced && verbs.includes('list')) wanted.push(`/${key}/${plural}`);
    for (const path of wanted) {
      const item = document(key).paths[path];
      assert.ok(item, path);
      const named = [...operations({ [path]: item })].map(
        ([, , operation]) => operation['x-kubernetes-group-version-kind'],
      );
      for (const one of named) assert.deepEqual(one, { group, version, kind }, path);
      assert.ok(named.length > 0, path);
    }
  }
});

test('the files for makers of clients are what is served, but for the version', async () => {
  const file = async (name: string) =>
    JSON.parse(await readFile(join(import.meta.dirname, '../../openapi/generated', name), 'utf8'));
  const served = (one: Node) => ({ ...one, info: { title: 'Torpor', version: 'unversioned' } });
  assert.deepEqual(await file('v2.json'), served(v2));
  for (const [key, one] of v3) assert.deepEqual(await file(`v3/${key}.json`), served(one), key);
});
