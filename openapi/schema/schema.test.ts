import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { fieldErrorText } from '../machinery/errors.ts';
import type { KubernetesObject } from '../machinery/object.ts';
import { definitions } from './definitions.ts';
import { type KindSchema, schemaFor } from './schema.ts';
import { arbitraryOf } from './testing/arbitrary.ts';
import { validObject } from './testing/valid.ts';

function machineSchema(): KindSchema {
  const schema = schemaFor('torpor.dev', 'v1alpha1', 'VirtualMachine');
  assert.ok(schema);
  return schema;
}

function machine(spec: unknown): KubernetesObject {
  return { apiVersion: 'torpor.dev/v1alpha1', kind: 'VirtualMachine', metadata: { name: 'web' }, spec };
}

const texts = (spec: unknown) => machineSchema().validate(machine(spec)).map(fieldErrorText);

test('every kind of the documents has a schema, others have none', () => {
  for (const definition of Object.values(definitions)) {
    for (const { group, version, kind } of definition['x-kubernetes-group-version-kind'] ?? []) {
      const schema = schemaFor(group, version, kind);
      assert.ok(schema, kind);
      schema.validate({ apiVersion: group ? `${group}/${version}` : version, kind, metadata: {} });
      assert.equal(schemaFor(group, version, kind), schema);
    }
  }
  assert.equal(schemaFor('torpor.dev', 'v1alpha1', 'Nothing'), undefined);
  assert.equal(schemaFor('', 'v1', 'VirtualMachine'), undefined);
});

test('faults are worded as custom resources word them', () => {
  const cases: [spec: unknown, expected: string[]][] = [
    [undefined, ['spec: Required value']],
    [{}, ['spec.domain: Required value']],
    ['lots', ['spec: Invalid value: "string": spec in body must be of type object: "string"']],
    [[], ['spec: Invalid value: "array": spec in body must be of type object: "array"']],
    [null, ['spec: Invalid value: "null": spec in body must be of type object: "null"']],
    [
      { domain: { cpu: { cores: 'two' } } },
      [
        'spec.domain.cpu.cores: Invalid value: "string": spec.domain.cpu.cores in body must be of type integer: "string"',
      ],
    ],
    [
      { domain: { cpu: { cores: 1.5 } } },
      [
        'spec.domain.cpu.cores: Invalid value: "number": spec.domain.cpu.cores in body must be of type integer: "number"',
      ],
    ],
    [
      { domain: { cpu: { cores: 0 } } },
      ['spec.domain.cpu.cores: Invalid value: 0: spec.domain.cpu.cores in body should be greater than or equal to 1'],
    ],
    [
      { domain: { cpu: { cores: 513 } } },
      ['spec.domain.cpu.cores: Invalid value: 513: spec.domain.cpu.cores in body should be less than or equal to 512'],
    ],
    [
      { domain: {}, runStrategy: 'Sometimes' },
      [
        'spec.runStrategy: Unsupported value: "Sometimes": supported values: "Always", "Halted", "Manual", "Once", "RerunOnFailure"',
      ],
    ],
    [
      { domain: { memory: { guest: 'lots' } } },
      [
        'spec.domain.memory.guest: Invalid value: "lots": quantities must match the regular expression \'^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$\'',
      ],
    ],
    [
      { domain: { memory: { guest: true } } },
      [
        'spec.domain.memory.guest: Invalid value: "boolean": spec.domain.memory.guest in body must be of type string,number: "boolean"',
      ],
    ],
    [
      { domain: { machine: { type: 'Q 35' } } },
      [
        'spec.domain.machine.type: Invalid value: "Q 35": spec.domain.machine.type in body should match \'^[a-z0-9][a-z0-9._-]*$\'',
      ],
    ],
    [
      { domain: { devices: { disks: [{ name: 'a' }, { name: 'a' }] } } },
      ['spec.domain.devices.disks[1].name: Duplicate value: "a"'],
    ],
    [
      { domain: { devices: { disks: [{}, {}] } } },
      ['spec.domain.devices.disks[0].name: Required value', 'spec.domain.devices.disks[1].name: Required value'],
    ],
    [
      {
        domain: {
          devices: {
            interfaces: [
              {
                name: 'n',
                ports: [
                  { port: 80, protocol: 'TCP' },
                  { port: 80, protocol: 'UDP' },
                  { port: 80, protocol: 'TCP' },
                ],
              },
            ],
          },
        },
      },
      ['spec.domain.devices.interfaces[0].ports[2]: Duplicate value: {"port":80,"protocol":"TCP"}'],
    ],
    [
      { domain: {}, nodeSelector: { 'a/b': 1 } },
      [
        'spec.nodeSelector[a/b]: Invalid value: "integer": spec.nodeSelector[a/b] in body must be of type string: "integer"',
      ],
    ],
    [
      { domain: {}, volumes: Array.from({ length: 257 }, (_, index) => ({ name: `v${index}` })) },
      ['spec.volumes: Too many: 257: must have at most 256 items'],
    ],
    [
      { domain: {}, readinessProbe: { exec: { command: [] } } },
      [
        'spec.readinessProbe.exec.command: Invalid value: []: spec.readinessProbe.exec.command in body should have at least 1 items',
      ],
    ],
    [{ domain: {}, hostname: 'x'.repeat(64) }, ['spec.hostname: Too long: may not be more than 63 bytes']],
    [
      { domain: {}, volumes: [{ name: '' }] },
      ['spec.volumes[0].name: Invalid value: "": spec.volumes[0].name in body should be at least 1 chars long'],
    ],
    [
      { domain: {}, idle: { after: 'soon' } },
      ['spec.idle.after: Invalid value: "soon": must be a duration such as "30s", "5m" or "1h30m"'],
    ],
    [
      { domain: {}, terminationGracePeriodSeconds: -1 },
      [
        'spec.terminationGracePeriodSeconds: Invalid value: -1: spec.terminationGracePeriodSeconds in body should be greater than or equal to 0',
      ],
    ],
  ];
  for (const [spec, expected] of cases) assert.deepEqual(texts(spec), expected, JSON.stringify(spec)?.slice(0, 80));
});

test('times, base64 and sets are checked; a value that may be secret is not repeated', () => {
  const secret = schemaFor('', 'v1', 'Secret');
  const wrong = { apiVersion: 'v1', kind: 'Secret', metadata: {}, data: { 'tls.key': 'hunter2 is no base64' } };
  assert.deepEqual(secret?.validate(wrong).map(fieldErrorText), [
    'data[tls.key]: Invalid value: "<not shown>": must be valid base64',
  ]);
  assert.deepEqual(secret?.validate({ ...wrong, data: { a: 'aGVsbG8=', b: '', c: 'aGVs\nbG8=' } }), []);

  const lease = schemaFor('coordination.k8s.io', 'v1', 'Lease');
  const held = (renewTime: string) =>
    lease?.validate({ apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: {}, spec: { renewTime } }) ?? [];
  assert.deepEqual(held('2026-03-01T12:00:00.000000Z'), []);
  assert.deepEqual(held('yesterday').map(fieldErrorText), [
    'spec.renewTime: Invalid value: "yesterday": spec.renewTime in body must be of type date-time: "yesterday"',
  ]);
  assert.equal(held('2026-13-45T12:00:00Z').length, 1);

  const users = {
    source: { secret: { secretName: 's' } },
    propagationMethod: { qemuGuestAgent: { users: ['a', 'a'] } },
  };
  assert.deepEqual(texts({ domain: {}, accessCredentials: [{ sshPublicKey: users }] }), [
    'spec.accessCredentials[0].sshPublicKey.propagationMethod.qemuGuestAgent.users[1]: Duplicate value: "a"',
  ]);
});

test('a megabyte of base64 is judged without trouble', () => {
  const secret = schemaFor('', 'v1', 'Secret');
  const data = { big: Buffer.alloc(1_000_000, 7).toString('base64') };
  assert.deepEqual(secret?.validate({ apiVersion: 'v1', kind: 'Secret', metadata: {}, data }), []);
});

test('unknown fields are found with their path and pruned', () => {
  const schema = machineSchema();
  const object = machine({
    foo: 1,
    domain: { devices: { disks: [{ name: 'a', tray: 'open' }] }, cpu: 'wrong type stays' },
    nodeSelector: { any: 'thing' },
  });
  object.extra = {};
  assert.deepEqual(schema.unknownFields(object), ['spec.foo', 'spec.domain.devices.disks[0].tray', 'extra']);
  schema.prune(object);
  assert.deepEqual(
    object,
    machine({
      domain: { devices: { disks: [{ name: 'a' }] }, cpu: 'wrong type stays' },
      nodeSelector: { any: 'thing' },
    }),
  );
});

test('fields of KubeVirt that are not offered are unknown, not silently taken', () => {
  const object = machine({
    domain: {
      devices: { gpus: [], interfaces: [{ name: 'n', bridge: {} }], tpm: {} },
      cpu: { dedicatedCpuPlacement: true },
    },
    volumes: [{ name: 'v', hostDisk: { path: '/etc' } }],
  });
  assert.deepEqual(machineSchema().unknownFields(object), [
    'spec.domain.devices.gpus',
    'spec.domain.devices.interfaces[0].bridge',
    'spec.domain.devices.tpm',
    'spec.domain.cpu.dedicatedCpuPlacement',
    'spec.volumes[0].hostDisk',
  ]);
});

test('for any object: nothing throws, pruning leaves nothing unknown, defaults and pruning are idempotent', () => {
  const schema = machineSchema();
  fc.assert(
    fc.property(arbitraryOf(schema.shape), (value) => {
      const object = value as KubernetesObject;
      schema.validate(object);
      schema.prune(object);
      assert.deepEqual(schema.unknownFields(object), []);
      const pruned = structuredClone(object);
      schema.prune(object);
      assert.deepEqual(object, pruned);
      schema.default(object);
      assert.deepEqual(schema.unknownFields(object), []);
      const once = structuredClone(object);
      schema.default(object);
      assert.deepEqual(object, once);
      schema.validate(object);
    }),
    { numRuns: 500 },
  );
});

test('for every kind: what the documents allow is valid, has nothing unknown, and pruning keeps it', () => {
  for (const [name, { 'x-kubernetes-group-version-kind': kinds = [] }] of Object.entries(definitions)) {
    for (const { group, version, kind } of kinds) {
      const schema = schemaFor(group, version, kind);
      assert.ok(schema);
      fc.assert(
        fc.property(validObject(name), (value) => {
          const object = value as KubernetesObject;
          assert.deepEqual(schema.validate(object).map(fieldErrorText), []);
          assert.deepEqual(schema.unknownFields(object), []);
          const before = structuredClone(object);
          schema.prune(object);
          assert.deepEqual(object, before);
          schema.default(object);
          assert.deepEqual(schema.validate(object).map(fieldErrorText), []);
        }),
        { numRuns: 30 },
      );
    }
  }
});
