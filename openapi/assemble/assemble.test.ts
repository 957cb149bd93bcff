import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sampleOptions, sampleResources } from './testing/sample-resources.ts';
import { openApiV2 } from './v2.ts';
import { openApiV3 } from './v3.ts';

type Node = Record<string, unknown>;
const isNode = (value: unknown): value is Node => typeof value === 'object' && value !== null;
const v2 = () => openApiV2(sampleResources, sampleOptions) as Node;
const v3 = (key: string) => openApiV3(sampleResources, sampleOptions).get(key) as Node;

/** Every object in the document with its path. */
function* nodes(value: unknown, path = ''): Generator<[path: string, node: Node]> {
  if (!isNode(value)) return;
  if (!Array.isArray(value)) yield [path, value];
  for (const [key, one] of Object.entries(value)) yield* nodes(one, `${path}/${key}`);
}

function* schemas(definitions: unknown): Generator<[path: string, node: Node]> {
  for (const [path, node] of nodes(definitions)) {
    if (!path.endsWith('/properties') && !/\/(x-kubernetes-group-version-kind|default)\b/.test(path))
      yield [path, node];
  }
}

function* operations(document: Node): Generator<[path: string, method: string, operation: Node]> {
  for (const [path, item] of Object.entries(document.paths as Node)) {
    for (const [method, operation] of Object.entries(item as Node)) {
      if (method !== 'parameters') yield [path, method, operation as Node];
    }
  }
}

test('the same resources give the same bytes', () => {
  assert.equal(JSON.stringify(v2()), JSON.stringify(v2()));
  const all = () => JSON.stringify([...openApiV3(sampleResources, sampleOptions)]);
  assert.equal(all(), all());
});

test('every reference leads somewhere, and nothing is there that nobody refers to', () => {
  const documents: [definitions: Node, prefix: string, document: Node][] = [
    [v2().definitions as Node, '#/definitions/', v2()],
    ...[...openApiV3(sampleResources, sampleOptions).values()].map((document): [Node, string, Node] => [
      (document.components as Node).schemas as Node,
      '#/components/schemas/',
      document as Node,
    ]),
  ];
  for (const [definitions, prefix, document] of documents) {
    const wanted = new Set<string>();
    for (const [, node] of nodes(document)) {
      if (typeof node.$ref !== 'string') continue;
      assert.ok(node.$ref.startsWith(prefix), node.$ref);
      wanted.add(node.$ref.slice(prefix.length));
    }
    assert.deepEqual([...wanted].sort(), Object.keys(definitions).sort());
  }
});

test('operations are complete and their ids unique', () => {
  for (const document of [v2(), v3('api/v1'), v3('apis/torpor.dev/v1alpha1')]) {
    const ids = new Set<unknown>();
    for (const [path, method, operation] of operations(document)) {
      assert.ok(!ids.has(operation.operationId), `${method} ${path} ${operation.operationId}`);
      ids.add(operation.operationId);
      assert.ok(operation.responses, path);
      if (!path.endsWith('/')) {
        assert.ok(operation['x-kubernetes-action'], path);
        assert.ok(isNode(operation['x-kubernetes-group-version-kind']), path);
        assert.ok(!Array.isArray(operation['x-kubernetes-group-version-kind']), path);
      }
      for (const name of path.matchAll(/\{(\w+)\}/g)) {
        const item = (document.paths as Node)[path] as { parameters: { name: string }[] };
        assert.ok(
          item.parameters.some((parameter) => parameter.name === name[1]),
          `${path} ${name[1]}`,
        );
      }
    }
  }
});

test('W4: every PATCH lists dryRun and fieldValidation', () => {
  let patches = 0;
  for (const document of [v2(), v3('apis/torpor.dev/v1alpha1')]) {
    for (const [path, method, operation] of operations(document)) {
      if (method !== 'patch') continue;
      patches += 1;
      const names = (operation.parameters as { name: string }[]).map(({ name }) => name);
      for (const name of ['dryRun', 'fieldValidation', 'fieldManager', 'force']) assert.ok(names.includes(name), path);
    }
  }
  assert.ok(patches >= 4);
});

test('PATCH takes what the server takes of this kind, no more', () => {
  const [machines, , secrets] = sampleResources;
  for (const [key, path, resource] of [
    ['apis/torpor.dev/v1alpha1', '/apis/torpor.dev/v1alpha1/namespaces/{namespace}/virtualmachines/{name}', machines],
    ['api/v1', '/api/v1/namespaces/{namespace}/secrets/{name}', secrets],
  ] as const) {
    const old = ((v2().paths as Node)[path] as { patch: { consumes: string[] } }).patch;
    assert.deepEqual(old.consumes, resource?.patchTypes);
    const item = (v3(key).paths as Node)[path] as { patch: { requestBody: { content: Node } } };
    assert.deepEqual(Object.keys(item.patch.requestBody.content), resource?.patchTypes);
  }
});

test('W3: the path of a group version ends in a slash', () => {
  const paths = Object.keys(v2().paths as Node);
  assert.ok(paths.includes('/apis/torpor.dev/v1alpha1/'));
  assert.ok(paths.includes('/api/v1/'));
  assert.ok(!paths.includes('/apis/torpor.dev/v1alpha1'));
  const discovery = (v2().paths as Node)['/apis/torpor.dev/v1alpha1/'] as {
    get: { operationId: string; tags: string[] };
  };
  assert.equal(discovery.get.operationId, 'getTorporDevV1alpha1APIResources');
  assert.deepEqual(discovery.get.tags, ['torporDev_v1alpha1']);
});

test('W1: version 2 has only keywords that version 2 knows', () => {
  for (const [path, node] of schemas(v2().definitions)) {
    for (const keyword of ['nullable', 'oneOf', 'anyOf', 'allOf', 'not', 'const', 'deprecated']) {
      assert.ok(!(keyword in node), `${path} ${keyword}`);
    }
    assert.ok(!Array.isArray(node.type), path);
  }
});

test('W2: references stand alone and arrays have items', () => {
  for (const [path, node] of schemas(v2().definitions)) {
    if (node.$ref) {
      for (const keyword of ['type', 'properties', 'items', 'default'])
        assert.ok(!(keyword in node), `${path} ${keyword}`);
    }
    if (node.type === 'array') assert.ok(isNode(node.items), path);
  }
});

test('kinds are named by a list, and have apiVersion, kind and metadata', () => {
  const definitions = v2().definitions as Record<string, Node & { properties: Node }>;
  for (const name of ['dev.torpor.v1alpha1.VirtualMachine', 'dev.torpor.v1alpha1.VirtualMachineList']) {
    const definition = definitions[name];
    assert.ok(Array.isArray(definition?.['x-kubernetes-group-version-kind']), name);
    for (const field of ['apiVersion', 'kind', 'metadata'])
      assert.ok(definition?.properties[field], `${name} ${field}`);
  }
});

test('version 3 has the paths by which kubectl explain finds a kind', () => {
  const document = v3('apis/torpor.dev/v1alpha1');
  assert.equal(document.openapi, '3.0.0');
  const base = '/apis/torpor.dev/v1alpha1';
  for (const path of [
    `${base}/virtualmachines`,
    `${base}/namespaces/{namespace}/virtualmachines`,
    `${base}/namespaces/{namespace}/virtualmachines/{name}`,
    `${base}/namespaces/{namespace}/virtualmachines/{name}/status`,
    `${base}/hosts`,
    `${base}/hosts/{name}`,
  ]) {
    assert.ok((document.paths as Node)[path], path);
  }
  assert.ok(!Object.keys(document.paths as Node).some((path) => !path.startsWith(base)));
});

test('a kind that is only answered has one operation; actions and streams are what they are', () => {
  const paths = v2().paths as Record<string, Record<string, Node>>;
  const review = paths['/apis/authorization.k8s.io/v1/selfsubjectaccessreviews'];
  assert.deepEqual(Object.keys(review ?? {}).sort(), ['parameters', 'post']);
  const machine = '/apis/torpor.dev/v1alpha1/namespaces/{namespace}/virtualmachines/{name}';
  assert.equal(paths[`${machine}/console`]?.get?.['x-kubernetes-action'], 'connect');
  const action = paths[`${machine}/binding`]?.post;
  assert.deepEqual(action?.['x-kubernetes-group-version-kind'], {
    group: 'torpor.dev',
    version: 'v1alpha1',
    kind: 'Binding',
  });
  assert.equal(action?.operationId, 'createTorporDevV1alpha1NamespacedVirtualMachineBinding');
});

test('a part of another kind is read and written under that kind', () => {
  const path = '/apis/torpor.dev/v1alpha1/namespaces/{namespace}/virtualmachinepools/{name}/scale';
  const item = (v2().paths as Record<string, Record<string, Node>>)[path] ?? {};
  assert.deepEqual(Object.keys(item).sort(), ['get', 'parameters', 'patch', 'put']);
  assert.equal(item.put?.operationId, 'replaceTorporDevV1alpha1NamespacedVirtualMachinePoolScale');
  const scale = { group: 'autoscaling', version: 'v1', kind: 'Scale' };
  for (const method of ['get', 'put', 'patch']) {
    assert.deepEqual(item[method]?.['x-kubernetes-group-version-kind'], scale, method);
  }
  const definitions = v3('apis/torpor.dev/v1alpha1').components as { schemas: Node };
  assert.ok(definitions.schemas['io.k8s.api.autoscaling.v1.Scale']);
});

test('a resource whose kind the documents lack is a clear error', () => {
  const wrong = { ...sampleResources[0], kind: 'Unicorn' } as (typeof sampleResources)[number];
  assert.throws(
    () => openApiV2([wrong], sampleOptions),
    /openapi\/documents has no kind Unicorn of torpor\.dev v1alpha1/,
  );
});
