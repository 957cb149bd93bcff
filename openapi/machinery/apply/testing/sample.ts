import fc from 'fast-check';
import type { ArrayShape, Shape } from '../../../schema/shape.ts';
import type { JsonObject } from '../../json-value.ts';
import type { KubernetesObject } from '../../object.ts';
import type { ManagedFields, Writer } from '../managers.ts';

/** A kind with one field of every sort that there is, and configurations of it. */
const scalar: Shape = { kind: 'scalar', format: '' };
const list = (items: Shape, listType: ArrayShape['listType'], keys: readonly string[] = []): Shape => ({
  kind: 'array',
  items,
  listType,
  keys,
  merge: undefined,
});
const object = (properties: Record<string, Shape>, atomic = false): Shape => ({
  kind: 'object',
  properties: new Map(Object.entries(properties)),
  atomic,
});
const map = (values: Shape, atomic = false): Shape => ({ kind: 'map', values, atomic });

const port = object({ port: scalar, protocol: { kind: 'scalar', format: '', default: 'TCP' }, name: scalar });
const disk = object({ name: scalar, size: scalar, ports: list(port, 'map', ['protocol', 'port']), tags: map(scalar) });

export const sampleShape: Shape = object({
  apiVersion: scalar,
  kind: scalar,
  metadata: object({
    name: scalar,
    labels: map(scalar),
    annotations: map(scalar),
    finalizers: list(scalar, 'set'),
  }),
  spec: object({
    size: scalar,
    note: scalar,
    disks: list(disk, 'map', ['name']),
    order: list(scalar, 'atomic'),
    selector: map(scalar, true),
    place: object({ zone: scalar, rack: scalar }, true),
    idle: object({ after: scalar, action: scalar }),
    free: { kind: 'any' },
  }),
  status: object({ phase: scalar, conditions: list(object({ type: scalar, status: scalar }), 'map', ['type']) }),
});

export function sample(
  parts: { metadata?: JsonObject; spec?: JsonObject; status?: JsonObject } = {},
): KubernetesObject {
  const { metadata, ...rest } = parts;
  return { apiVersion: 'sample/v1', kind: 'Sample', metadata: { name: 'one', ...metadata }, ...rest };
}

export function writer(manager: string, change: Partial<Writer> = {}): Writer {
  return {
    manager,
    operation: 'Apply',
    apiVersion: 'sample/v1',
    subresource: '',
    time: '2026-01-01T00:00:00Z',
    ...change,
  };
}

/** manager → fieldsV1 as text, for comparing what is owned. */
export function owners(entries: ManagedFields): Record<string, string> {
  return Object.fromEntries(
    entries.map(({ manager, operation, fieldsV1 }) => [`${manager}/${operation}`, JSON.stringify(fieldsV1)]),
  );
}

const text = fc.constantFrom('a', 'b', 'c');
const optional = <T extends Record<string, fc.Arbitrary<unknown>>>(members: T) =>
  fc.record(members, { requiredKeys: [] });
const texts = fc.dictionary(fc.constantFrom('x', 'y', 'z'), text, { maxKeys: 3, noNullPrototype: true });
const portArbitrary = fc.record(
  { port: fc.constantFrom(80, 443), protocol: fc.constantFrom('TCP', 'UDP'), name: text },
  {
    requiredKeys: ['port'],
  },
);
const diskArbitrary = fc.record(
  {
    name: fc.constantFrom('root', 'data', 'seed'),
    size: text,
    tags: texts,
    ports: fc.uniqueArray(portArbitrary, {
      maxLength: 3,
      selector: ({ port: number, protocol }) => `${number}/${protocol ?? 'TCP'}`,
    }),
  },
  { requiredKeys: ['name'] },
);

/** Configurations as people apply them; lists with keys have no key twice. */
export const configurations: fc.Arbitrary<KubernetesObject> = fc
  .record({
    labels: fc.option(texts, { nil: undefined }),
    finalizers: fc.option(fc.uniqueArray(text, { minLength: 1, maxLength: 3 }), { nil: undefined }),
    spec: optional({
      size: text,
      note: text,
      disks: fc.uniqueArray(diskArbitrary, { maxLength: 3, selector: ({ name }) => name }),
      order: fc.array(text, { maxLength: 3 }),
      selector: texts,
      place: optional({ zone: text, rack: text }),
      idle: optional({ after: text, action: text }),
      free: fc.oneof(text, fc.array(text, { maxLength: 2 }), texts),
    }),
  })
  .map(({ labels, finalizers, spec }) =>
    sample({
      metadata: { ...(labels ? { labels } : {}), ...(finalizers ? { finalizers } : {}) },
      ...(Object.keys(spec).length > 0 ? { spec: JSON.parse(JSON.stringify(spec)) as JsonObject } : {}),
    }),
  );
