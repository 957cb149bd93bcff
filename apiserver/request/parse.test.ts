import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { RequestInfo } from './info.ts';
import { parseRequest } from './parse.ts';

function parsed(method: string, url: string): RequestInfo {
  const outcome = parseRequest(method, url);
  assert.equal(outcome.kind, 'parsed', url);
  return (outcome as { info: RequestInfo }).info;
}

/** group/version/resource/namespace/name/subresource/subpath and the verb, as one line. */
function line(method: string, url: string): string {
  const info = parsed(method, url);
  if (!info.isResource) return `${info.verb} ${info.path}`;
  const { verb, group, version, resource, namespace, name, subresource, subpath } = info;
  return [verb, group || 'core', version, resource, namespace, name, subresource, subpath].join(' ').trimEnd();
}

const vms = '/apis/torpor.dev/v1alpha1/virtualmachines';
const inNamespace = '/apis/torpor.dev/v1alpha1/namespaces/default/virtualmachines';

test('requests are read as kube-apiserver reads them', () => {
  const table: readonly (readonly [string, string, string])[] = [
    ['GET', '/', 'get /'],
    ['GET', '/api', 'get /api'],
    ['GET', '/api/v1', 'get /api/v1'],
    ['GET', '/apis', 'get /apis'],
    ['GET', '/apis/torpor.dev', 'get /apis/torpor.dev'],
    ['GET', '/apis/torpor.dev/v1alpha1', 'get /apis/torpor.dev/v1alpha1'],
    ['GET', '/apis/torpor.dev/v1alpha1/', 'get /apis/torpor.dev/v1alpha1/'],
    ['OPTIONS', '/version', 'options /version'],
    ['GET', vms, 'list torpor.dev v1alpha1 virtualmachines'],
    ['GET', `${vms}/`, 'list torpor.dev v1alpha1 virtualmachines'],
    ['HEAD', `${inNamespace}/a`, 'get torpor.dev v1alpha1 virtualmachines default a'],
    ['GET', `${inNamespace}?watch=true`, 'watch torpor.dev v1alpha1 virtualmachines default'],
    ['GET', `${inNamespace}?watch`, 'watch torpor.dev v1alpha1 virtualmachines default'],
    ['GET', `${inNamespace}?watch=0`, 'list torpor.dev v1alpha1 virtualmachines default'],
    ['GET', `${inNamespace}?watch=False`, 'list torpor.dev v1alpha1 virtualmachines default'],
    [
      'GET',
      '/apis/torpor.dev/v1alpha1/watch/namespaces/a/virtualmachines/b',
      'watch torpor.dev v1alpha1 virtualmachines a b',
    ],
    ['POST', inNamespace, 'create torpor.dev v1alpha1 virtualmachines default'],
    ['PUT', `${inNamespace}/a/status`, 'update torpor.dev v1alpha1 virtualmachines default a status'],
    ['PATCH', `${inNamespace}/a`, 'patch torpor.dev v1alpha1 virtualmachines default a'],
    ['DELETE', `${inNamespace}/a`, 'delete torpor.dev v1alpha1 virtualmachines default a'],
    ['DELETE', inNamespace, 'deletecollection torpor.dev v1alpha1 virtualmachines default'],
    ['TRACE', inNamespace, ' torpor.dev v1alpha1 virtualmachines default'],
    ['GET', `${inNamespace}/a/portforward/80/x`, 'get torpor.dev v1alpha1 virtualmachines default a portforward 80/x'],
    ['GET', '/api/v1/namespaces', 'list core v1 namespaces'],
    ['GET', '/api/v1/namespaces/a', 'get core v1 namespaces a a'],
    ['PUT', '/api/v1/namespaces/a/finalize', 'update core v1 namespaces a a finalize'],
    ['GET', '/api/v1/namespaces/a/secrets', 'list core v1 secrets a'],
    ['GET', `${vms}?fieldSelector=metadata.name%3Da`, 'list torpor.dev v1alpha1 virtualmachines  a'],
    [
      'GET',
      `${vms}?watch=1&fieldSelector=metadata.name==a,status.phase!=b`,
      'watch torpor.dev v1alpha1 virtualmachines  a',
    ],
    ['GET', `${vms}?fieldSelector=metadata.name!%3Da`, 'list torpor.dev v1alpha1 virtualmachines'],
    ['GET', `${vms}?fieldSelector=metadata.name%3Da%2Fb`, 'list torpor.dev v1alpha1 virtualmachines'],
    ['GET', `${vms}?fieldSelector=metadata.name%3Da%5Cx`, 'list torpor.dev v1alpha1 virtualmachines'],
    ['GET', `${inNamespace}/a%20b`, 'get torpor.dev v1alpha1 virtualmachines default a b'],
  ];
  for (const [method, url, expected] of table) assert.equal(line(method, url), expected, `${method} ${url}`);
});

test('paths that another router would clean or split are no resource requests', () => {
  for (const url of [
    '/apis/torpor.dev/v1alpha1/namespaces//virtualmachines',
    '/apis//torpor.dev/v1alpha1/virtualmachines',
    '//apis/torpor.dev/v1alpha1/virtualmachines',
    `${vms}//`,
    `${inNamespace}/../secrets`,
    `${inNamespace}/%2e%2e/secrets`,
    `${inNamespace}/.`,
    `${inNamespace}/a%2Fstatus`,
    `${inNamespace}/a%00`,
    '/APIS/torpor.dev/v1alpha1/virtualmachines',
  ]) {
    assert.equal(parsed('GET', url).isResource, false, url);
  }
});

test('what is no path is malformed', () => {
  for (const url of ['*', 'http://host/apis', 'host:443', '/a%zz', '/a%ff', '/apis/torpor.dev/v1alpha1/watch', '']) {
    assert.equal(parseRequest('GET', url).kind, 'malformed', url);
  }
});

const segment = fc
  .stringMatching(/^[a-z0-9]([a-z0-9.-]{0,8}[a-z0-9])?$/)
  .filter((text) => text !== 'watch' && text !== 'namespaces');

test('property: a path made of names is read back as these names, however it is encoded', () => {
  const encode = (text: string) => [...text].map((c) => `%${c.charCodeAt(0).toString(16).padStart(2, '0')}`).join('');
  fc.assert(
    fc.property(
      fc.record({
        group: segment,
        version: segment,
        namespace: segment,
        resource: segment,
        name: segment,
        subresource: segment,
      }),
      fc.boolean(),
      (names, encoded) => {
        fc.pre(!['status', 'finalize'].includes(names.resource));
        const [g, v, n, r, o, s] = Object.values({
          group: names.group,
          version: names.version,
          namespace: names.namespace,
          resource: names.resource,
          name: names.name,
          subresource: names.subresource,
        }).map((text) => (encoded ? encode(text) : text));
        const info = parsed('PUT', `/apis/${g}/${v}/namespaces/${n}/${r}/${o}/${s}`);
        for (const [key, value] of Object.entries(names)) assert.equal(info[key as keyof RequestInfo], value);
        assert.equal(info.verb, 'update');
      },
    ),
  );
});

test('property: no target makes the parser throw, and no part of a resource request is a path of its own', () => {
  const piece = fc.oneof(
    segment,
    fc.constantFrom('..', '.', '', '%2e', '%2F', '%00', 'api', 'apis', 'watch', 'namespaces', '%'),
  );
  const target = fc.oneof(
    fc.string(),
    fc.array(piece, { maxLength: 9 }).map((pieces) => `/${pieces.join('/')}`),
  );
  fc.assert(
    fc.property(fc.constantFrom('GET', 'PUT', 'DELETE', 'FOO'), target, (method, url) => {
      const outcome = parseRequest(method, url);
      if (outcome.kind === 'malformed' || !outcome.info.isResource) return;
      const { group, version, namespace, resource, name, subresource } = outcome.info;
      for (const part of [group, version, namespace, resource, name, subresource]) {
        assert.ok(part !== '.' && part !== '..' && !part.includes('/') && !part.includes('\0'), `${url}: ${part}`);
      }
    }),
  );
});
