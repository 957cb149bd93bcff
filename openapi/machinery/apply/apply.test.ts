import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { equalJson, type JsonObject } from '../json-value.ts';
import type { KubernetesObject } from '../object.ts';
import { appliedSet } from './applied-set.ts';
import { type Applied, applyConfiguration } from './apply.ts';
import { changesOf } from './changes.ts';
import { conflictAnswer } from './conflicts.ts';
import { difference, intersection, pathsOf, union } from './field-set.ts';
import { fieldsOf, type ManagedFields, type Writer } from './managers.ts';
import { type OwnablePart, ownablePart } from './ownable.ts';
import { removeFields } from './remove.ts';
import { configurations, owners, sample, sampleShape, writer } from './testing/sample.ts';
import { managersAfterUpdate } from './update.ts';

interface State {
  readonly object: KubernetesObject;
  readonly entries: ManagedFields;
}

const nothing: State = { object: sample(), entries: [] };

function attempt(state: State, by: Writer, configuration: KubernetesObject, force = false, part: OwnablePart = 'main') {
  const live = structuredClone(state.object);
  const applied = applyConfiguration({
    live: state.object,
    configuration,
    shape: sampleShape,
    entries: state.entries,
    writer: by,
    part,
    force,
  });
  assert.deepEqual(state.object, live, 'the live object is not touched');
  return applied;
}

function apply(
  state: State,
  manager: string,
  configuration: KubernetesObject,
  options: { force?: boolean } = {},
): State {
  const applied = attempt(state, writer(manager), configuration, options.force);
  assert.equal(applied.kind, 'applied', JSON.stringify(applied));
  return applied as State & Applied;
}

function update(state: State, manager: string, object: KubernetesObject, time = '2026-01-01T00:00:00Z'): State {
  const changes = changesOf(ownablePart(state.object, 'main'), ownablePart(object, 'main'), sampleShape);
  return {
    object,
    entries: managersAfterUpdate(state.entries, changes, writer(manager, { operation: 'Update', time })),
  };
}

const spec = (state: State) => state.object.spec as JsonObject;

test('A1: a manager owns what its configuration says, and no container around it', () => {
  const state = apply(
    nothing,
    'm',
    sample({
      metadata: { labels: { app: 'x' }, finalizers: ['b', 'a'] },
      spec: {
        size: '1',
        disks: [{ name: 'root', ports: [{ port: 443 }, { port: 80, protocol: 'UDP' }] }],
        order: ['z'],
        selector: { x: 'y' },
        place: { zone: 'z' },
        idle: {},
        free: { deep: { value: 1, list: [1] } },
      },
    }),
  );
  assert.deepEqual(owners(state.entries), {
    'm/Apply': JSON.stringify({
      'f:metadata': { 'f:finalizers': { 'v:"a"': {}, 'v:"b"': {} }, 'f:labels': { 'f:app': {} } },
      'f:spec': {
        'f:disks': {
          'k:{"name":"root"}': {
            '.': {},
            'f:name': {},
            'f:ports': {
              'k:{"port":80,"protocol":"UDP"}': { '.': {}, 'f:port': {}, 'f:protocol': {} },
              'k:{"port":443,"protocol":"TCP"}': { '.': {}, 'f:port': {} },
            },
          },
        },
        'f:free': { 'f:deep': { '.': {}, 'f:list': {}, 'f:value': {} } },
        'f:idle': {},
        'f:order': {},
        'f:place': {},
        'f:selector': {},
        'f:size': {},
      },
    }),
  });
});

test('A2: what is not applied any more goes, unless somebody else owns it', () => {
  const disks = (...names: string[]) => sample({ spec: { disks: names.map((name) => ({ name })) } });
  const first = apply(nothing, 'one', disks('root', 'data'));
  const both = apply(first, 'two', disks('data'));
  const less = apply(both, 'one', disks('root'));
  assert.deepEqual(spec(less).disks, [{ name: 'root' }, { name: 'data' }], 'two still owns data');
  const gone = apply(less, 'two', sample());
  assert.deepEqual(spec(gone).disks, [{ name: 'root' }]);
  assert.deepEqual(
    gone.entries.map(({ manager }) => manager),
    ['one'],
    'who owns nothing has no entry',
  );
});

test('A2: an item goes with what others set in it, a container with what nobody set in it', () => {
  const made = apply(nothing, 'one', sample({ spec: { size: '1', disks: [{ name: 'root' }, { name: 'data' }] } }));
  const sized = update(
    made,
    'editor',
    sample({ spec: { size: '1', disks: [{ name: 'root' }, { name: 'data', size: '9' }] } }),
  );
  const less = apply(sized, 'one', sample({ spec: { size: '1', disks: [{ name: 'root' }] } }));
  assert.deepEqual(spec(less).disks, [{ name: 'root' }]);
  assert.deepEqual(Object.keys(owners(less.entries)), ['one/Apply'], 'nobody owns what is not there');

  const idle = apply(nothing, 'one', sample({ spec: { size: '1', idle: { after: '5m' } } }));
  const defaulted: State = {
    ...idle,
    object: sample({ spec: { size: '1', idle: { after: '5m', action: 'Suspend' } } }),
  };
  assert.deepEqual(spec(apply(defaulted, 'one', sample({ spec: { size: '1' } }))), { size: '1' });
});

test('A2: labels and finalizers without an owner stay when those of the manager go', () => {
  const made = apply(
    nothing,
    'one',
    sample({ metadata: { labels: { a: '1' }, finalizers: ['x'] }, spec: { size: '1' } }),
  );
  const object = sample({
    metadata: { uid: 'u', labels: { a: '1', server: 's' }, finalizers: ['x', 'server'] },
    spec: { size: '1' },
  });
  const { metadata } = apply({ ...made, object }, 'one', sample({ spec: { size: '1' } })).object;
  assert.deepEqual(metadata, { name: 'one', uid: 'u', labels: { server: 's' }, finalizers: ['server'] });
});

test('A3: another value is a conflict for each field; force takes them, and shares what is equal', () => {
  const made = update(
    nothing,
    'editor',
    sample({ spec: { size: '1', note: 'n', disks: [{ name: 'root', size: '5' }] } }),
  );
  const wanted = sample({ spec: { size: '2', note: 'n', disks: [{ name: 'root', size: '6' }] } });
  const refused = attempt(made, writer('m'), wanted);
  assert.equal(refused.kind, 'conflicts');
  assert.deepEqual(conflictAnswer(refused.kind === 'conflicts' ? refused.conflicts : []), {
    message: [
      'Apply failed with 2 conflicts: conflicts with "editor" using sample/v1 at 2026-01-01T00:00:00Z:',
      '- .spec.disks[name="root"].size',
      '- .spec.size',
    ].join('\n'),
    causes: ['.spec.disks[name="root"].size', '.spec.size'].map((field) => ({
      reason: 'FieldManagerConflict',
      message: 'conflict with "editor" using sample/v1 at 2026-01-01T00:00:00Z',
      field,
    })),
  });
  const forced = apply(made, 'm', wanted, { force: true });
  assert.deepEqual(spec(forced), wanted.spec);
  const [mine, theirs] = forced.entries.map((entry) => pathsOf(fieldsOf(entry)).map((path) => path.join(' ')));
  assert.ok(mine?.includes('f:spec f:size') && mine.includes('f:spec f:note'));
  assert.deepEqual(
    theirs?.filter((path) => mine?.includes(path)),
    ['f:spec f:disks k:{"name":"root"}', 'f:spec f:disks k:{"name":"root"} f:name', 'f:spec f:note'],
  );
});

test('A3: one conflict with an applier of a subresource names it, and no time', () => {
  const entries = [
    { ...writer('other'), fieldsType: 'FieldsV1', fieldsV1: { 'f:spec': { 'f:size': {} } }, subresource: 'scale' },
  ];
  const refused = attempt(
    { object: sample({ spec: { size: '1' } }), entries },
    writer('m'),
    sample({ spec: { size: '2' } }),
  );
  assert.equal(
    refused.kind === 'conflicts' && conflictAnswer(refused.conflicts).message,
    'Apply failed with 1 conflict: conflict with "other" with subresource "scale": .spec.size',
  );
});

test('A4: the order of a list is the configuration’s for what it names', () => {
  const live = apply(nothing, 'one', sample({ spec: { disks: ['a', 'b', 'c'].map((name) => ({ name })) } }));
  const orders: [wanted: string[], result: string[]][] = [
    [
      ['c', 'a'],
      ['b', 'c', 'a'],
    ],
    [
      ['a', 'x', 'c'],
      ['a', 'b', 'x', 'c'],
    ],
    [['x'], ['a', 'b', 'c', 'x']],
    [
      ['c', 'b', 'a'],
      ['c', 'b', 'a'],
    ],
  ];
  for (const [wanted, result] of orders) {
    const applied = apply(live, 'two', sample({ spec: { disks: wanted.map((name) => ({ name })) } }));
    assert.deepEqual(
      (spec(applied).disks as JsonObject[]).map(({ name }) => name),
      result,
    );
  }
});

test('A5: the time moves with the object or the set, and not without', () => {
  const at = (second: string) => writer('m', { time: `2026-01-01T00:00:${second}Z` });
  const configuration = sample({ spec: { size: '1' } });
  const first = attempt(nothing, at('01'), configuration) as State & Applied;
  const again = attempt(first, at('02'), configuration) as State & Applied;
  assert.deepEqual(again.entries, first.entries);
  const edited = update(first, 'editor', sample({ spec: { size: '1', note: 'n' } }));
  const shared = attempt(edited, at('03'), sample({ spec: { size: '1', note: 'n' } })) as State & Applied;
  assert.equal(shared.entries.find(({ manager }) => manager === 'm')?.time, at('03').time);
});

test('an object of unknown making belongs to before-first-apply', () => {
  const object = sample({ metadata: { uid: 'u' }, spec: { size: '1' } });
  const state = apply({ object, entries: [] }, 'm', sample({ spec: { note: 'n' } }));
  assert.deepEqual(Object.keys(owners(state.entries)), ['m/Apply', 'before-first-apply/Update']);
  assert.equal(attempt({ object, entries: [] }, writer('m'), sample({ spec: { size: '2' } })).kind, 'conflicts');
});

test('status is applied alone, and the rest is not', () => {
  const made = apply(nothing, 'm', sample({ spec: { size: '1' } }));
  const both = sample({ metadata: { labels: { a: 'b' } }, spec: { size: '2' }, status: { phase: 'Up' } });
  const status = attempt(made, writer('s', { subresource: 'status' }), both, false, 'status') as State & Applied;
  assert.deepEqual(status.object, { ...made.object, status: { phase: 'Up' } });
  assert.equal(owners(status.entries)['s/Apply'], '{"f:status":{"f:phase":{}}}');
  const main = attempt(status, writer('m'), sample({ spec: { size: '3' }, status: { phase: 'Down' } })) as State &
    Applied;
  assert.deepEqual([main.object.spec, main.object.status], [{ size: '3' }, { phase: 'Up' }]);
});

test('kubectl takes over what it applied by annotation, and nothing that has changed since', () => {
  const key = 'kubectl.kubernetes.io/last-applied-configuration';
  const applied = sample({ spec: { size: '1', note: 'n' } });
  const live = sample({
    metadata: { annotations: { [key]: JSON.stringify(applied) } },
    spec: { size: '1', note: 'n' },
  });
  const made = update(nothing, 'kubectl-client-side-apply', live);
  const wanted = sample({ spec: { size: '2', note: 'n' } });
  assert.equal(attempt(made, writer('somebody'), wanted).kind, 'conflicts');
  const upgraded = apply(made, 'kubectl', wanted);
  assert.deepEqual(spec(upgraded), wanted.spec);
  assert.deepEqual(JSON.parse(upgraded.object.metadata.annotations?.[key] ?? ''), wanted, 'the annotation follows');
  const edited = update(made, 'editor', { ...live, spec: { size: '7', note: 'n' } });
  const refused = attempt(edited, writer('kubectl'), wanted);
  assert.deepEqual(refused.kind === 'conflicts' && pathsOf(refused.conflicts[0]?.fields), [['f:spec', 'f:size']]);
});

test('an annotation that is nested too deep explains nothing', () => {
  const key = 'kubectl.kubernetes.io/last-applied-configuration';
  const deep = `{"apiVersion":"sample/v1","kind":"Sample","metadata":{},"spec":{"free":${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}}}`;
  const live = sample({ metadata: { annotations: { [key]: deep } }, spec: { size: '1' } });
  const made = update(nothing, 'kubectl-client-side-apply', live);
  assert.equal(attempt(made, writer('kubectl'), sample({ spec: { size: '2' } })).kind, 'conflicts');
});

test('a label that is named like what every object inherits is owned and let go like any other', () => {
  for (const name of ['constructor', 'toString', 'valueOf']) {
    const labelled = update(nothing, 'alice', sample({ metadata: { labels: { [name]: 'a', app: 'b' } } }));
    assert.match(owners(labelled.entries)['alice/Update'] ?? '', new RegExp(`f:${name}`));
    const without = update(labelled, 'alice', sample({ metadata: { labels: { app: 'b' } } }));
    assert.doesNotMatch(owners(without.entries)['alice/Update'] ?? '', new RegExp(`f:${name}`));
  }
});

/** Some history: applies by force and updates, each by one of three managers. */
const histories = fc
  .array(fc.tuple(fc.constantFrom('apply', 'update'), fc.constantFrom('p', 'q', 'r'), configurations), { maxLength: 6 })
  .map((steps) =>
    steps.reduce<State>(
      (state, [verb, manager, object]) =>
        verb === 'apply' ? apply(state, manager, object, { force: true }) : update(state, manager, object),
      nothing,
    ),
  );

test('A5: apply is idempotent', () => {
  fc.assert(
    fc.property(histories, configurations, (state, configuration) => {
      const once = apply(state, 'm', configuration, { force: true });
      const twice = apply(once, 'm', configuration);
      assert.deepEqual(twice.object, once.object);
      assert.deepEqual(twice.entries, once.entries);
    }),
  );
});

test('A3: appliers of disjoint sets never conflict, and both get what they want', () => {
  fc.assert(
    fc.property(configurations, configurations, (one, other) => {
      const first = withoutFree(one);
      // An empty container is gone when what another put into it is taken back.
      fc.pre(!/[:][{[][\]}]/.test(JSON.stringify({ ...first.metadata, ...(first.spec as object) })));
      const set = appliedSet(ownablePart(first, 'main'), sampleShape);
      const { metadata, ...rest } = removeFields(ownablePart(withoutFree(other), 'main'), set, sampleShape);
      const second = sample({ metadata: metadata as JsonObject, ...rest });
      const state = apply(apply(nothing, 'one', first), 'two', second);
      for (const configuration of [first, second]) contains(state.object, configuration);
      const back = apply(state, 'two', sample());
      assert.deepEqual(
        back.object,
        apply(nothing, 'one', first).object,
        'and what the second takes back was all its own',
      );
    }),
  );
});

/** What takes anything can be had in one form only, so two forms of it are never disjoint. */
function withoutFree(object: KubernetesObject): KubernetesObject {
  const { free: _free, ...spec } = (object.spec ?? {}) as JsonObject;
  return { ...object, spec };
}

function contains(object: KubernetesObject, configuration: KubernetesObject): void {
  const [live, wanted] = [ownablePart(object, 'main'), ownablePart(configuration, 'main')];
  const { changed } = changesOf(live, wanted, sampleShape);
  assert.deepEqual(pathsOf(changed), [], `${JSON.stringify(live)} has all of ${JSON.stringify(wanted)}`);
}

test('A1: after an apply by force the configuration holds, whatever was before, and its manager owns it', () => {
  fc.assert(
    fc.property(histories, configurations, (state, configuration) => {
      const after = apply(state, 'm', configuration, { force: true });
      contains(after.object, configuration);
      const mine = after.entries.find(({ manager }) => manager === 'm');
      const wanted = appliedSet(ownablePart(configuration, 'main'), sampleShape);
      const metadataOnly = (set: ReturnType<typeof fieldsOf>) => difference(set, { 'f:metadata': {} });
      assert.deepEqual(pathsOf(metadataOnly(mine && fieldsOf(mine))).sort(), pathsOf(metadataOnly(wanted)).sort());
    }),
  );
});

test('A2: what an applier drops is gone exactly when nobody else owns it', () => {
  fc.assert(
    fc.property(histories, configurations, configurations, (state, before, after) => {
      const first = apply(state, 'm', before, { force: true });
      const others = first.entries
        .filter(({ manager }) => manager !== 'm')
        .reduce<ReturnType<typeof fieldsOf>>((set, entry) => union(set, fieldsOf(entry)), undefined);
      const second = apply(first, 'm', after, { force: true });
      const [was, is] = [before, after].map((one) => appliedSet(ownablePart(one, 'main'), sampleShape));
      const there = appliedSet(ownablePart(second.object, 'main'), sampleShape);
      const dropped = difference(difference(was, is), others);
      const kept = pathsOf(intersection(dropped, there)).filter((path) => !isContainer(path, there));
      assert.deepEqual(kept, [], 'dropped and owned by nobody');
    }),
  );
});

const isContainer = (path: readonly string[], set: ReturnType<typeof fieldsOf>): boolean => {
  let node = set;
  for (const element of path) node = node?.[element];
  return Object.keys(node ?? {}).some((key) => key !== '.');
};

test('an update to what is there already is nothing; an apply of it shares everything and removes nothing', () => {
  fc.assert(
    fc.property(histories, (state) => {
      assert.equal(update(state, 'm', structuredClone(state.object)).entries, state.entries);
      const shared = apply(state, 'm', state.object);
      assert.ok(equalJson(shared.object as unknown as JsonObject, state.object as unknown as JsonObject));
      for (const entry of state.entries) assert.ok(shared.entries.includes(entry), 'nobody loses anything');
    }),
  );
});
