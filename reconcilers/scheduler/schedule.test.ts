import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Host, Taint, VirtualMachine, VirtualMachineSpec } from '../../openapi/api.ts';
import { demandOf } from '../../openapi/machine/demand.ts';
import type { Candidate } from './predicates.ts';
import { schedule } from './schedule.ts';

interface HostShape {
  cpu?: string;
  memory?: string;
  labels?: Record<string, string>;
  taints?: Taint[];
  unschedulable?: boolean;
  ready?: 'True' | 'False' | 'Unknown';
  used?: { cpu: number; memory: number };
}

function host(name: string, shape: HostShape = {}): Candidate {
  const { cpu = '4', memory = '8Gi', labels = {}, taints = [], unschedulable = false, ready = 'True' } = shape;
  const object: Host = {
    apiVersion: 'torpor.dev/v1alpha1',
    kind: 'Host',
    metadata: { name, labels },
    spec: { unschedulable, taints },
    status: {
      allocatable: { cpu, memory },
      machineTypes: ['pc-q35-7.2', 'microvm'],
      conditions: [
        { type: 'Ready', status: ready, reason: 'R', message: '', lastTransitionTime: '2026-01-01T00:00:00Z' },
      ],
    },
  };
  return { host: object, used: shape.used ?? { cpu: 0, memory: 0 } };
}

function machine(
  spec: Partial<VirtualMachineSpec> = {},
  more: { labels?: Record<string, string>; on?: string } = {},
): VirtualMachine {
  return {
    apiVersion: 'torpor.dev/v1alpha1',
    kind: 'VirtualMachine',
    metadata: { name: 'web', namespace: 'default', uid: Math.random().toString(), labels: more.labels ?? {} },
    spec: { domain: { memory: { guest: '1Gi' }, machine: { type: 'q35' } }, ...spec },
    ...(more.on ? { status: { nodeName: more.on } } : {}),
  };
}

function place(wanted: VirtualMachine, hosts: Candidate[], placed: VirtualMachine[] = []) {
  const placement = schedule(wanted, hosts, { placed, namespaceLabels: (name) => ({ name }) });
  return placement.kind === 'host' ? placement.name : placement.message;
}

test('the wording of what stands in the way', () => {
  const large = machine({ domain: { memory: { guest: '64Gi' } } });
  assert.equal(place(large, [host('a')]), '0/1 hosts are available: 1 Insufficient memory.');
  assert.equal(place(machine(), []), 'no hosts are registered; start a launcher on one');
  assert.equal(
    place(large, [
      host('a'),
      host('b', { cpu: '50m' }),
      host('c', { ready: 'Unknown' }),
      host('d', { unschedulable: true }),
      host('e', { taints: [{ key: 'gpu', value: 'x', effect: 'NoSchedule' }] }),
    ]),
    '0/5 hosts are available: 1 Insufficient cpu, 1 host(s) had untolerated taint {gpu: x}, 1 host(s) were not ready, 1 host(s) were unschedulable, 2 Insufficient memory.',
  );
});

test('S1: each predicate', () => {
  const labelled = host('a', { labels: { zone: 'x', cores: '8' } });
  const term = (key: string, operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist' | 'Gt' | 'Lt', ...values: string[]) =>
    machine({
      affinity: {
        nodeAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: {
            nodeSelectorTerms: [{ matchExpressions: [{ key, operator, values }] }],
          },
        },
      },
    });
  const unmatched = /1 host\(s\) didn't match the machine's node affinity\/selector/;
  assert.equal(place(machine({ nodeSelector: { zone: 'x' } }), [labelled]), 'a');
  assert.match(place(machine({ nodeSelector: { zone: 'y' } }), [labelled]), unmatched);
  for (const fits of [
    term('zone', 'In', 'x', 'y'),
    term('zone', 'NotIn', 'y'),
    term('none', 'NotIn', 'y'),
    term('zone', 'Exists'),
    term('none', 'DoesNotExist'),
    term('cores', 'Gt', '7'),
    term('cores', 'Lt', '9'),
  ]) {
    assert.equal(place(fits, [labelled]), 'a');
  }
  for (const not of [
    term('zone', 'In', 'y'),
    term('zone', 'NotIn', 'x'),
    term('none', 'Exists'),
    term('zone', 'DoesNotExist'),
    term('cores', 'Gt', '8'),
    term('zone', 'Lt', '9'),
  ]) {
    assert.match(place(not, [labelled]), unmatched);
  }
  assert.match(
    place(machine({ domain: { machine: { type: 'isapc' } } }), [labelled]),
    /didn't offer machine type isapc/,
  );
  const tainted = host('a', { taints: [{ key: 'k', value: 'v', effect: 'NoExecute' }] });
  assert.equal(place(machine({ tolerations: [{ key: 'k', operator: 'Equal', value: 'v' }] }), [tainted]), 'a');
  assert.equal(place(machine({ tolerations: [{ operator: 'Exists' }] }), [tainted]), 'a');
  for (const toleration of [
    { key: 'k', value: 'w' },
    { key: 'k', operator: 'Exists' as const, effect: 'NoSchedule' as const },
    {},
  ]) {
    assert.match(place(machine({ tolerations: [toleration] }), [tainted]), /untolerated taint/);
  }
});

test('S2: best fit, then the name; wishes go first', () => {
  const busy = host('busy', { used: { cpu: 1000, memory: 2 ** 32 } });
  assert.equal(place(machine(), [host('a'), busy, host('b')]), 'busy');
  assert.equal(place(machine(), [host('b'), host('a')]), 'a');
  assert.equal(place(machine(), [busy, host('a')].map((one) => one).reverse()), 'busy');
  const wish = machine({
    affinity: {
      nodeAffinity: {
        preferredDuringSchedulingIgnoredDuringExecution: [
          { weight: 1, preference: { matchFields: [{ key: 'metadata.name', operator: 'In', values: ['a'] }] } },
        ],
      },
    },
  });
  assert.equal(place(wish, [busy, host('a')]), 'a');
  const soft = host('busy', {
    used: { cpu: 1000, memory: 2 ** 32 },
    taints: [{ key: 'k', effect: 'PreferNoSchedule' }],
  });
  assert.equal(place(machine(), [soft, host('a')]), 'a');
  assert.equal(place(machine(), [soft]), 'busy');
});

test('neighbours: wanted, unwanted both ways round, and by namespace', () => {
  const hosts = [host('a', { labels: { zone: 'x' } }), host('b', { labels: { zone: 'y' } })];
  const term = { labelSelector: { matchLabels: { app: 'db' } }, topologyKey: 'zone' };
  const db = machine({}, { labels: { app: 'db' }, on: 'b' });
  const near = machine({ affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] } } });
  const far = machine({ affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] } } });
  assert.equal(place(near, hosts, [db]), 'b');
  assert.equal(place(far, hosts, [db]), 'a');
  assert.match(place(near, hosts), /didn't match the machine's affinity rules/);
  const first = machine(near.spec, { labels: { app: 'db' } });
  assert.equal(place(first, hosts), 'a', 'the first of a group may go anywhere');
  const jealous = machine(far.spec, { on: 'a' });
  assert.equal(place(machine({}, { labels: { app: 'db' } }), hosts, [jealous]), 'b', 'those who are there object too');
  const elsewhere = { ...db, metadata: { ...db.metadata, namespace: 'other' } };
  assert.match(place(near, hosts, [elsewhere]), /affinity rules/);
  const selecting = machine({
    affinity: {
      podAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: [
          { ...term, namespaceSelector: { matchLabels: { name: 'other' } } },
        ],
      },
    },
  });
  assert.equal(place(selecting, hosts, [elsewhere]), 'b');
});

test('spreading over zones, strictly and if possible', () => {
  const hosts = [host('a', { labels: { zone: 'x' } }), host('b', { labels: { zone: 'y' } })];
  const spread = (whenUnsatisfiable: 'DoNotSchedule' | 'ScheduleAnyway') =>
    machine(
      {
        topologySpreadConstraints: [
          { maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable, labelSelector: { matchLabels: { app: 'w' } } },
        ],
      },
      { labels: { app: 'w' } },
    );
  const there = [machine({}, { labels: { app: 'w' }, on: 'a' })];
  assert.equal(place(spread('DoNotSchedule'), hosts, there), 'b');
  assert.equal(place(spread('ScheduleAnyway'), hosts, there), 'b');
  const cordoned = [hosts[0], host('b', { labels: { zone: 'y' }, unschedulable: true })] as Candidate[];
  assert.match(place(spread('DoNotSchedule'), cordoned, there), /1 host\(s\) didn't match topology spread constraints/);
  assert.equal(place(spread('ScheduleAnyway'), cordoned, there), 'a');
});

test('property: it never overcommits, never ignores a host that has room, and does not depend on order', () => {
  const shape = fc.record({ cpu: fc.integer({ min: 0, max: 4000 }), memory: fc.integer({ min: 0, max: 8 * 2 ** 30 }) });
  fc.assert(
    fc.property(fc.array(shape, { maxLength: 6 }), fc.integer({ min: 1, max: 8192 }), (shapes, mebibytes) => {
      const hosts = shapes.map((used, index) => host(`h${index}`, { used }));
      const wanted = machine({ domain: { memory: { guest: `${mebibytes}Mi` } } });
      const demand = demandOf(wanted);
      const fits = shapes.flatMap((used, index) =>
        used.cpu + demand.cpu <= 4000 && used.memory + demand.memory <= 8 * 2 ** 30 ? [`h${index}`] : [],
      );
      const chosen = place(wanted, hosts);
      if (fits.length === 0) assert.match(chosen, /^(0\/|no hosts)/);
      else assert.ok(fits.includes(chosen));
      assert.equal(place(wanted, [...hosts].reverse()), chosen);
    }),
  );
});
