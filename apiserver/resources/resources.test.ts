import assert from 'node:assert/strict';
import { test } from 'node:test';
import { schemaFor } from '../../openapi/schema/schema.ts';
import { MemoryStore } from '../../storage/memory/memory-store.ts';
import { isStored } from '../registry/registry.ts';
import { allResources } from './all.ts';

const unused = () => Promise.reject(new Error('unused'));
const definitions = allResources({
  machines: {
    store: new MemoryStore(),
    now: () => new Date(),
    hostOf: unused,
    mergeLive: () => undefined,
    machines: () => assert.fail('unused'),
    openStream: unused,
  },
  hosts: { mergeLive: () => undefined, receiveLive: unused },
  embedded: {
    reviews: {
      selfSubjectAccessReview: unused,
      subjectAccessReview: unused,
      localSubjectAccessReview: unused,
      selfSubjectRulesReview: unused,
      selfSubjectReview: unused,
    },
  },
});

test('every kind has a schema: nothing is stored that was not checked', () => {
  for (const { group, version, kind } of definitions) assert.ok(schemaFor(group, version, kind), `${group} ${kind}`);
});

test('names, short names and kinds are each taken once in a group', () => {
  for (const names of [
    definitions.map(({ group, plural }) => `${group}/${plural}`),
    definitions.map(({ group, kind }) => `${group}/${kind}`),
    definitions.flatMap(({ group, shortNames }) => shortNames.map((name) => `${group}/${name}`)),
  ]) {
    assert.equal(new Set(names).size, names.length);
  }
});

test('D14: verbs stand in order, and only reviews are not stored', () => {
  for (const definition of definitions) {
    assert.deepEqual(definition.verbs, [...definition.verbs].sort());
    assert.equal(isStored(definition), !['authorization.k8s.io', 'authentication.k8s.io'].includes(definition.group));
    assert.equal(definition.strategy.answer !== undefined, !isStored(definition));
  }
});

test('tables have as many cells as columns, also for an object with nothing in it', () => {
  for (const { kind, table } of definitions.filter(isStored)) {
    const object = { apiVersion: 'x', kind, metadata: { name: 'a' }, spec: { domain: {} }, roleRef: {} };
    assert.equal(table.cells(object, new Date()).length, table.columns.length, kind);
  }
});

test('bodies of actions have a schema too', () => {
  for (const { subresources } of definitions) {
    for (const one of subresources) {
      if (one.kind === 'action') assert.ok(schemaFor(one.bodyGroup, one.bodyVersion, one.bodyKind), one.name);
      if (one.kind === 'view') assert.ok(schemaFor(one.viewGroup, one.viewVersion, one.viewKind), one.name);
    }
  }
});
