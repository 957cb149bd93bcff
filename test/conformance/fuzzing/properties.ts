import assert from 'node:assert/strict';
import fc from 'fast-check';
import * as any from './arbitraries.ts';
import { type Bench, CANARY, NAMESPACE_OF_EVE } from './bench.ts';
import { shown } from './exchange.ts';
import { sampleOf, samples } from './samples.ts';
import { wireProperty } from './wire.ts';

/** What must hold whatever is sent; each keeps a budget of runs and may be repeated by its seed. */
export interface Property {
  readonly name: string;
  check(bench: Bench, options: { readonly seed: number; readonly runs: number }): Promise<void>;
}

const property = <T>(
  name: string,
  cases: fc.Arbitrary<T>,
  holds: (bench: Bench, one: T) => Promise<void>,
): Property => ({
  name,
  check: (bench, { seed, runs }) =>
    fc.assert(
      fc.asyncProperty(cases, (one) => holds(bench, one)),
      // Shrinking is worth a minute and no more.
      {
        seed,
        numRuns: runs,
        interruptAfterTimeLimit: 240_000,
        markInterruptAsFailure: false,
        includeErrorInReport: true,
      },
    ),
});

const collection = fc.constantFrom(...any.collections);
const object = fc.constantFrom(...any.objects);
const typed = (type: string, headers: object = {}) => ({
  ...headers,
  ...(type === '' ? {} : { 'Content-Type': type }),
});

/** What was stored can be read by itself and in its list, in every form. */
async function readBack(bench: Bench, where: string, text: string): Promise<void> {
  const { metadata } = JSON.parse(text) as { metadata?: { name?: string; uid?: string; resourceVersion?: string } };
  const name = metadata?.name;
  if (name === undefined || metadata?.resourceVersion === undefined) return;
  const path = `${where}/${encodeURIComponent(name)}`;
  for (const accept of ['application/json', 'application/yaml', 'application/json;as=Table;g=meta.k8s.io;v=v1']) {
    const one = await bench.get(path, accept);
    // A write that takes the last finalizer of what was deleted removes it.
    if (one.status === 404) return;
    assert.equal(one.status, 200, `${path} as ${accept}: ${one.text}`);
    if (accept === 'application/json') assert.equal(JSON.parse(one.text).metadata.uid, metadata.uid);
    const list = await bench.get(`${where}?fieldSelector=metadata.name%3D${encodeURIComponent(name)}`, accept);
    assert.equal(list.status, 200);
    assert.ok(list.text.includes(name), `${path} is not in its list as ${accept}: ${list.text.slice(0, 500)}`);
  }
}

const creates = property(
  'creates',
  fc.tuple(
    collection,
    fc.oneof(any.anyBody, any.spoiled(Object.values(samples))),
    any.anyContentType,
    any.anyQuery,
    any.anyHeaders,
  ),
  async (bench, [path, body, type, query, headers]) => {
    const answered = await bench.ask({ method: 'POST', path: path + query, headers: typed(type, headers), body });
    if (answered?.status === 201 && answered.headers['content-type'] === 'application/json') {
      await readBack(bench, path, answered.text);
    }
  },
);

/** Bodies for the right place, so that more of them get past the door. */
const fittingCreates = property(
  'creates that nearly fit',
  collection.chain((path) => fc.tuple(fc.constant(path), any.spoiled([sampleOf(path)]))),
  async (bench, [path, body]) => {
    const answered = await bench.ask({
      method: 'POST',
      path: `${path}?fieldValidation=Ignore`,
      headers: typed('application/json'),
      body,
    });
    if (answered?.status === 201) await readBack(bench, path, answered.text);
  },
);

const replacements = property(
  'replacements',
  fc.tuple(object, any.changes, any.anyQuery),
  async (bench, [path, changes, query]) => {
    const { status, text } = await bench.get(path);
    if (status !== 200) return bench.restore();
    const body = any.spoil(JSON.parse(text), changes);
    const answered = await bench.ask({ method: 'PUT', path: path + query, headers: typed('application/json'), body });
    if (answered?.status === 200 && answered.headers['content-type'] === 'application/json') {
      await readBack(bench, path.replace(/\/[^/]+(?:\/(?:status|scale|finalize))?$/, ''), answered.text);
    }
  },
);

const patches = property(
  'patches',
  fc.tuple(
    object,
    fc.constantFrom(...any.patchTypes),
    fc.oneof(any.anyJsonPatch, any.anyBody, any.spoiled(Object.values(samples))),
    any.anyQuery,
  ),
  async (bench, [path, type, body, query]) => {
    const answered = await bench.ask({ method: 'PATCH', path: path + query, headers: typed(type), body });
    if (answered?.status === 404) await bench.restore();
    if (answered?.status === 200 && answered.headers['content-type'] === 'application/json') {
      await readBack(bench, path.replace(/\/[^/]+(?:\/(?:status|scale|finalize))?$/, ''), answered.text);
    }
  },
);

const applies = property(
  'applied objects',
  object.chain((path) =>
    fc.tuple(
      fc.constant(path),
      any.spoiled([
        sampleOf(path.replace(/\/[^/]+(?:\/(?:status|scale|finalize|binding|start|stop|restart))?$/, '')) ?? {},
      ]),
      fc.constantFrom('a', 'b', 'c'),
      fc.boolean(),
    ),
  ),
  async (bench, [path, body, manager, force]) => {
    const query = `?fieldManager=${manager}&force=${force}`;
    const type = 'application/apply-patch+yaml';
    await bench.ask({ method: 'PATCH', path: path + query, headers: typed(type), body });
  },
);

const reads = property(
  'reads',
  fc.tuple(fc.constantFrom('GET', 'HEAD'), fc.oneof(collection, object), any.anyQuery, any.anyHeaders),
  async (bench, [method, path, query, headers]) => {
    await bench.ask({ method, path: path + query, headers, body: undefined });
  },
);

const selectors = property(
  'selectors',
  fc.tuple(collection, any.anySelector, any.anySelector),
  async (bench, [path, labels, fields]) => {
    const query = new URLSearchParams({ labelSelector: labels, fieldSelector: fields });
    await bench.ask({ method: 'GET', path: `${path}?${query}`, headers: {}, body: undefined });
  },
);

const paths = property(
  'paths and methods',
  fc.tuple(
    fc.constantFrom('GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'OPTIONS', 'TRACE', 'PROPFIND'),
    any.anyPath,
    any.anyQuery,
    any.anyHeaders,
    any.anyContentType,
    fc.option(any.anyBody, { nil: undefined }),
  ),
  async (bench, [method, path, query, headers, type, body]) => {
    await bench.ask({ method, path: path + query, headers: typed(type, headers), body });
  },
);

const deletes = property(
  'deletes',
  fc.tuple(
    fc.constantFrom(...any.objects, ...any.collections.filter((path) => !/clusterroles$/.test(path))),
    fc.option(
      fc.oneof(
        any.anyBody,
        any.spoiled([
          { kind: 'DeleteOptions', apiVersion: 'v1', propagationPolicy: 'Orphan', preconditions: { uid: 'x' } },
        ]),
      ),
      { nil: undefined },
    ),
    any.anyContentType,
    any.anyQuery,
  ),
  async (bench, [path, body, type, query]) => {
    await bench.ask({ method: 'DELETE', path: path + query, headers: typed(type), body });
  },
);

/** No header makes somebody else of a caller who came without the front proxy's certificate. */
const identities = property(
  'identities',
  fc.tuple(fc.constantFrom('/api/v1/secrets', '/api/v1/namespaces/walled/secrets/canary', '/metrics'), any.anyHeaders),
  async (bench, [path, headers]) => {
    const sent = { method: 'GET', path, headers, body: undefined };
    const answered = await bench.askAsEve(sent);
    if (answered === undefined) return;
    assert.ok([400, 401, 403, 417, 431].includes(answered.status), `${answered.status}: ${shown(sent)}`);
  },
);

/** Neither path nor body nor token leads out of the namespace that a caller may use. */
const walls = property(
  'walls between namespaces',
  fc.tuple(
    fc.constantFrom('GET', 'POST', 'PUT', 'PATCH', 'DELETE'),
    fc.constantFrom(
      'configmaps',
      'secrets',
      'configmaps/canary',
      'secrets/canary',
      'configmaps/..%2f..%2fwalled%2fconfigmaps%2fcanary',
      '../walled/configmaps/canary',
      '%2e%2e/walled/configmaps',
      'configmaps/%2e%2e',
    ),
    fc.constantFrom(
      '',
      '?fieldSelector=metadata.namespace%3Dwalled',
      '?labelSelector=app%3Dcanary-7f3a9',
      `?continue=${Buffer.from('{"v":"meta.k8s.io/v1","rv":-1,"start":"../walled/a\\u0000"}').toString('base64url')}`,
    ),
    any.spoiled([
      { kind: 'ConfigMap', metadata: { name: 'canary', namespace: 'walled' }, data: {} },
      { kind: 'Secret', metadata: { name: 'canary', namespace: NAMESPACE_OF_EVE, uid: 'x' }, data: {} },
      { metadata: { name: '../walled/configmaps/canary' } },
    ]),
  ),
  async (bench, [method, rest, query, body]) => {
    const canary = '/api/v1/namespaces/walled/configmaps/canary';
    const before = (await bench.get(canary)).text;
    const path = `/api/v1/namespaces/${NAMESPACE_OF_EVE}/${rest}${query}`;
    const type = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
    const sent = {
      method,
      path,
      headers: method === 'GET' ? {} : typed(type),
      body: method === 'GET' ? undefined : body,
    };
    const answered = await bench.askAsEve(sent);
    assert.ok(!answered?.text.includes(`:"${CANARY}"`), `the canary was seen by ${shown(sent)}: ${answered?.text}`);
    assert.equal((await bench.get(canary)).text, before, `the canary was changed by ${shown(sent)}`);
  },
);

/** Everything that the others left behind can be listed in every form. */
const lists: Property = {
  name: 'what is stored can be listed',
  async check(bench) {
    for (const path of any.collections.filter((one) => !/reviews$/.test(one))) {
      const { text } = await bench.get(path);
      const { items } = JSON.parse(text) as { items: { metadata: { name: string; uid: string } }[] };
      const table = await bench.get(path, 'application/json;as=Table;g=meta.k8s.io;v=v1');
      assert.equal(JSON.parse(table.text).rows.length, items.length, path);
      const metadata = await bench.get(path, 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1');
      assert.equal(JSON.parse(metadata.text).items.length, items.length, path);
      assert.equal((await bench.get(path, 'application/yaml')).status, 200);
      for (const { metadata: one } of items) {
        const read = await bench.get(`${path}/${encodeURIComponent(one.name)}`);
        assert.equal(JSON.parse(read.text).metadata.uid, one.uid, `${path}/${one.name}`);
      }
    }
  },
};

export const properties: readonly Property[] = [
  creates,
  fittingCreates,
  replacements,
  patches,
  applies,
  reads,
  selectors,
  paths,
  identities,
  walls,
  wireProperty,
  lists,
  deletes,
];
