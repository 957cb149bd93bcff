import fc from 'fast-check';
import type { Sent } from './exchange.ts';

/** What hostile and broken clients send. Sizes are small by default; `long` texts make the server work. */

/** Names that mean something to JavaScript, to paths, to YAML or to Kubernetes. */
const odd = fc.constantFrom(
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'hasOwnProperty',
  'length',
  '',
  '.',
  '..',
  '/',
  '%',
  '\u0000',
  '\ud800',
  '\u2028',
  'null',
  'true',
  '~',
  '<<',
  '$patch',
  '$retainKeys',
  '$setElementOrder/volumes',
  'apiVersion',
  'kind',
  'metadata',
  'spec',
  'status',
  'items',
  'name',
  'namespace',
  'labels',
  'finalizers',
  'managedFields',
  'ownerReferences',
);
const long = fc
  .tuple(fc.constantFrom('a', '"', '\\', ' ', 'é', '\u{1f600}', '.', '-'), fc.integer({ min: 1, max: 60_000 }))
  .map(([unit, times]) => unit.repeat(times));
const text = fc.oneof({ weight: 6, arbitrary: fc.string({ unit: 'binary', maxLength: 20 }) }, odd, {
  weight: 1,
  arbitrary: long,
});

/** Literals of numbers, as text: what a parsed number would not show any more. */
const number = fc.oneof(
  fc.integer().map(String),
  fc.constantFrom(
    '9007199254740993',
    '-9223372036854775808',
    '1e400',
    '-0',
    '1e-400',
    '0.1',
    '1E5',
    '18446744073709551616',
    '00',
    '-',
    '1.',
    '9'.repeat(1000),
    `1e${'9'.repeat(300)}`,
  ),
);

/** JSON as text, so that keys can stand twice and numbers be what no JavaScript number is. */
const { value: jsonText } = fc.letrec<{ value: string }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 6, withCrossShrink: true },
    fc.oneof(
      text.map((one) => JSON.stringify(one)),
      number,
      fc.constantFrom('null', 'true', 'false', '[]', '{}'),
    ),
    fc.array(tie('value'), { maxLength: 5 }).map((items) => `[${items.join(',')}]`),
    fc
      .array(fc.tuple(text, tie('value')), { maxLength: 6 })
      .map((pairs) => `{${pairs.map(([key, member]) => `${JSON.stringify(key)}:${member}`).join(',')}}`),
  ),
}));

const nested = fc
  .tuple(fc.constantFrom(['[', ']'], ['{"a":', '}'], ['{"metadata":', '}']), fc.integer({ min: 1, max: 40_000 }))
  .map(([[open = '', close = ''], depth]) => `${open.repeat(depth)}1${close.repeat(depth)}`);

const many = fc
  .tuple(
    fc.constantFrom('{}', '[]', '0', '""', '{"a":1}', '{"name":"a"}', 'null'),
    fc.integer({ min: 1, max: 200_000 }),
  )
  .map(([item, times]) => `[${Array(times).fill(item).join(',')}]`);

/** A body of bytes: JSON of every kind, cut short, with bytes changed, or no JSON at all. */
export const anyBody: fc.Arbitrary<Buffer> = fc.oneof(
  { weight: 5, arbitrary: jsonText.map((one) => Buffer.from(one)) },
  { weight: 1, arbitrary: nested.map((one) => Buffer.from(one)) },
  { weight: 1, arbitrary: many.map((one) => Buffer.from(one)) },
  { weight: 2, arbitrary: fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)) },
  {
    weight: 2,
    arbitrary: fc.tuple(jsonText, fc.nat(), fc.integer({ min: 0, max: 255 })).map(([one, at, byte]) => {
      const bytes = Buffer.from(one);
      if (bytes.length > 0) bytes[at % bytes.length] = byte;
      return bytes;
    }),
  },
);

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

const jsonValue: fc.Arbitrary<Json> = fc.oneof(
  {
    weight: 3,
    arbitrary: jsonText.map((one) => {
      try {
        return JSON.parse(one) as Json;
      } catch {
        return null;
      }
    }),
  },
  { weight: 1, arbitrary: many.map((one) => JSON.parse(one) as Json) },
);

type Change = readonly [at: number, how: string, value: Json, key: string];

/** One to four places of an object that become something else. */
export const changes: fc.Arbitrary<readonly Change[]> = fc.array(
  fc.tuple(fc.nat(), fc.constantFrom('replace', 'remove', 'add', 'double'), jsonValue, text),
  { minLength: 1, maxLength: 4 },
);

export function spoil(object: object, list: readonly Change[]): Buffer {
  const root = structuredClone(object) as Json;
  for (const [at, how, value, key] of list) change(root, at, how, value, key);
  return Buffer.from(JSON.stringify(root));
}

/** Good objects with such places. */
export const spoiled = (good: readonly object[]): fc.Arbitrary<Buffer> =>
  fc.tuple(fc.constantFrom(...good), changes).map(([sample, list]) => spoil(sample, list));

/** The places of a value: every member of every object and list in it. */
function places(value: Json, found: [Json[] | { [key: string]: Json }, string | number][] = []) {
  if (typeof value !== 'object' || value === null || found.length > 500) return found;
  if (Array.isArray(value)) {
    value.forEach((item, index) => {
      found.push([value, index]);
      places(item, found);
    });
  } else {
    for (const [key, member] of Object.entries(value)) {
      found.push([value, key]);
      places(member, found);
    }
  }
  return found;
}

function change(root: Json, at: number, how: string, value: Json, key: string): void {
  const all = places(root);
  const place = all[at % all.length];
  if (place === undefined) return;
  const [parent, where] = place;
  if (Array.isArray(parent)) {
    if (how === 'remove') parent.splice(Number(where), 1);
    else if (how === 'double') parent.push(structuredClone(parent[Number(where)] ?? null));
    else parent[Number(where)] = value;
    return;
  }
  if (how === 'remove') delete parent[where];
  else
    Object.defineProperty(parent, how === 'add' ? key : where, {
      value,
      enumerable: true,
      configurable: true,
      writable: true,
    });
}

const pointer = fc.oneof(
  fc.constantFrom(
    '',
    '/',
    '/metadata',
    '/metadata/labels',
    '/metadata/labels/a',
    '/metadata/finalizers/0',
    '/metadata/finalizers/-',
    '/spec',
    '/spec/volumes/0',
    '/spec/volumes/-',
    '/spec/domain/devices/disks/0/name',
    '/status',
    '/status/phase',
    '/data',
    '/data/a',
    '/data/__proto__',
    '/metadata/managedFields',
    '/metadata/resourceVersion',
    '/metadata/deletionTimestamp',
  ),
  fc.array(text, { maxLength: 3 }).map((steps) => steps.map((step) => `/${step}`).join('')),
);
const operation = fc.record(
  {
    op: fc.oneof(fc.constantFrom('add', 'remove', 'replace', 'move', 'copy', 'test'), text),
    path: pointer,
    from: pointer,
    value: jsonValue,
  },
  { requiredKeys: ['op', 'path'] },
);
export const anyJsonPatch: fc.Arbitrary<Buffer> = fc.oneof(
  { weight: 4, arbitrary: fc.array(operation, { maxLength: 8 }).map((list) => Buffer.from(JSON.stringify(list))) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(operation, fc.integer({ min: 1, max: 12_000 }))
      .map(([one, times]) =>
        JSON.stringify(one).length * times > 2_500_000
          ? Buffer.from('[]')
          : Buffer.from(JSON.stringify(Array(times).fill(one))),
      ),
  },
  { weight: 1, arbitrary: anyBody },
);

/** Query strings of real parameters with every kind of value, and of others. */
const parameter = fc.constantFrom(
  'limit',
  'continue',
  'resourceVersion',
  'resourceVersionMatch',
  'labelSelector',
  'fieldSelector',
  'watch',
  'timeoutSeconds',
  'allowWatchBookmarks',
  'sendInitialEvents',
  'dryRun',
  'fieldManager',
  'fieldValidation',
  'force',
  'pretty',
  'includeObject',
  'timeout',
  'gracePeriodSeconds',
  'propagationPolicy',
  'orphanDependents',
  'live',
  'wait',
  'waitTimeout',
  'shardSelector',
);
const goodValue = fc.constantFrom(
  'true',
  'false',
  '0',
  '1',
  '5',
  '-1',
  'All',
  'Exact',
  'NotOlderThan',
  'Strict',
  'Warn',
  'Ignore',
  'Background',
  'Foreground',
  'Orphan',
  'Metadata',
  'Object',
  'None',
  'Running',
  '1s',
  '10ms',
  '99999999999999999999',
  '9223372036854775807',
);
const continueToken = fc.oneof(
  fc.base64String({ maxLength: 60 }),
  fc
    .record({ v: fc.constantFrom('meta.k8s.io/v1', 'x'), rv: fc.oneof(fc.integer(), fc.constant(-1)), start: text })
    .map((token) => Buffer.from(JSON.stringify({ ...token, start: `${token.start}\0` })).toString('base64url')),
);
const selectorToken = fc.constantFrom(
  'a',
  'b',
  'a/b',
  '=',
  '==',
  '!=',
  'in',
  'notin',
  '(',
  ')',
  ',',
  '!',
  '>',
  '<',
  ' ',
  '1',
  '\\',
  'metadata.name',
  'status.phase',
  'é',
  '',
);
export const anySelector = fc.oneof(
  fc.array(selectorToken, { maxLength: 16 }).map((tokens) => tokens.join('')),
  text,
  fc
    .integer({ min: 1, max: 30_000 })
    .map((times) => `a in (${Array.from({ length: times }, (_, index) => `v${index}`).join(',')})`),
  fc.integer({ min: 1, max: 20_000 }).map((times) => Array(times).fill('!a').join(',')),
);
const encoded = fc.oneof(
  fc
    .oneof(
      goodValue,
      text.filter((one) => one.length < 5_000),
      continueToken,
      anySelector,
    )
    .map((one) => encodeURIComponent(one.replaceAll(/[\ud800-\udfff]/g, '?'))),
  // As it is: wrong percent signs and what should have been encoded.
  fc.string({ maxLength: 30 }).map((one) => one.replaceAll(/[^\x21-\x7e]|#/g, '%')),
);
export const anyQuery = fc
  .array(fc.tuple(fc.oneof(parameter, fc.string({ maxLength: 8 }).map(encodeURIComponent)), encoded), { maxLength: 6 })
  .map((pairs) => (pairs.length === 0 ? '' : `?${pairs.map(([name, value]) => `${name}=${value}`).join('&')}`));

const segment = fc.oneof(
  fc.constantFrom(
    'apis',
    'api',
    'v1',
    'torpor.dev',
    'v1alpha1',
    'namespaces',
    'default',
    'virtualmachines',
    'virtualmachinepools',
    'hosts',
    'configmaps',
    'secrets',
    'status',
    'scale',
    'binding',
    'start',
    'console',
    'log',
    'watch',
    'finalize',
    'one',
    'web',
    '..',
    '.',
    '',
    '%2e%2e',
    '%2F',
    '%00',
    '%',
    '%zz',
    'healthz',
    'readyz',
    'metrics',
    'version',
    'openapi',
    'v2',
    'v3',
  ),
  fc.string({ maxLength: 12 }).map((one) => encodeURIComponent(one.replaceAll(/[\ud800-\udfff]/g, '?'))),
);
export const anyPath = fc.array(segment, { maxLength: 8 }).map((parts) => `/${parts.join('/')}`);

export const collections = [
  '/apis/torpor.dev/v1alpha1/namespaces/default/virtualmachines',
  '/apis/torpor.dev/v1alpha1/namespaces/default/virtualmachinepools',
  '/apis/torpor.dev/v1alpha1/hosts',
  '/api/v1/namespaces/default/configmaps',
  '/api/v1/namespaces/default/secrets',
  '/api/v1/namespaces/default/events',
  '/api/v1/namespaces/default/persistentvolumeclaims',
  '/api/v1/namespaces/default/serviceaccounts',
  '/api/v1/namespaces',
  '/apis/coordination.k8s.io/v1/namespaces/default/leases',
  '/apis/rbac.authorization.k8s.io/v1/clusterroles',
  '/apis/rbac.authorization.k8s.io/v1/namespaces/default/rolebindings',
  '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
  '/apis/authorization.k8s.io/v1/subjectaccessreviews',
] as const;
export const objects = [
  `${collections[0]}/web`,
  `${collections[0]}/web/status`,
  `${collections[0]}/web/binding`,
  `${collections[0]}/web/start`,
  `${collections[0]}/web/stop`,
  `${collections[0]}/web/restart`,
  `${collections[1]}/pool`,
  `${collections[1]}/pool/scale`,
  `${collections[2]}/n1`,
  `${collections[2]}/n1/status`,
  `${collections[3]}/one`,
  `${collections[4]}/one`,
  `${collections[8]}/default/status`,
  `${collections[8]}/default/finalize`,
] as const;

const safeText = fc.string({ maxLength: 40 }).map((one) => one.replaceAll(/[^\x20-\x7e]/g, '?'));
export const anyHeaders: fc.Arbitrary<Sent['headers']> = fc
  .dictionary(
    fc.constantFrom(
      'Accept',
      'Accept-Encoding',
      'Content-Encoding',
      'User-Agent',
      'Audit-ID',
      'If-None-Match',
      'Range',
      'Expect',
      'X-Forwarded-For',
      'X-HTTP-Method-Override',
      'Authorization',
      'Impersonate-User',
      'Impersonate-Group',
      'Impersonate-Uid',
      'Impersonate-Extra-a%2fb',
      'X-Remote-User',
      'X-Remote-Group',
      'X-Remote-Uid',
      'X-Remote-Extra-x',
      'Origin',
      'Cookie',
      'Traceparent',
    ),
    fc.oneof(
      safeText,
      fc.constantFrom(
        'application/json;as=Table;v=v1;g=meta.k8s.io',
        'application/yaml',
        '*/*;q=0',
        'gzip',
        'Bearer x',
        'system:masters',
        'torpor-admin',
        'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io',
        'application/vnd.kubernetes.protobuf',
        '100-continue',
        'curl/8',
      ),
    ),
    { maxKeys: 5 },
  )
  .map((headers) => ({ ...headers }));

export const anyContentType = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom('application/json', 'application/yaml', '') },
  {
    weight: 1,
    arbitrary: fc.constantFrom('application/vnd.kubernetes.protobuf', 'text/plain', 'application/json;charset=utf-16'),
  },
  { weight: 1, arbitrary: safeText },
);
export const patchTypes = [
  'application/merge-patch+json',
  'application/json-patch+json',
  'application/strategic-merge-patch+json',
  'application/apply-patch+yaml',
] as const;
