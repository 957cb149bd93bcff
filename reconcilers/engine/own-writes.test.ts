import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ApiObject } from '../../openapi/client/resources.ts';
import { OwnWrites } from './own-writes.ts';

const object = (name: string, resourceVersion: string, more = {}): ApiObject => ({
  apiVersion: 'v1',
  kind: 'Thing',
  metadata: { name, namespace: 'a', uid: `uid-${name}`, resourceVersion, ...more },
});

class Copy {
  revision = '10';
  readonly objects = new Map<string, ApiObject>();
  get(key: string): ApiObject | undefined {
    return this.objects.get(key);
  }
  sees(one: ApiObject): void {
    this.objects.set(`a/${one.metadata.name}`, one);
    this.revision = one.metadata.resourceVersion ?? '';
  }
  list(): ApiObject[] {
    return [...this.objects.values()];
  }
}

const all = () => true;
const versions = (objects: readonly ApiObject[]) =>
  objects.map(({ metadata }) => `${metadata.name} ${metadata.resourceVersion}`);

test('O1: what was made counts before the copy has it, and once when it has', () => {
  const copy = new Copy();
  const own = new OwnWrites<ApiObject>(copy);
  own.wrote(object('new', '12'));
  assert.deepEqual(versions(own.over(copy.list(), all)), ['new 12']);
  copy.sees(object('other', '11'));
  assert.deepEqual(versions(own.over(copy.list(), all)), ['other 11', 'new 12']);
  copy.sees(object('new', '12'));
  assert.deepEqual(versions(own.over(copy.list(), all)), ['other 11', 'new 12']);
  assert.equal(own.size, 0);
});

test('O1: what was made and is gone again does not come back', () => {
  const copy = new Copy();
  const own = new OwnWrites<ApiObject>(copy);
  own.wrote(object('short', '12'));
  copy.revision = '13';
  assert.deepEqual(own.over(copy.list(), all), []);
  assert.equal(own.size, 0);
});

test('O1: of an object in both the newer counts, and the filter sees that one', () => {
  const copy = new Copy();
  const own = new OwnWrites<ApiObject>(copy);
  copy.sees(object('x', '11'));
  own.wrote(object('x', '14', { deletionTimestamp: 'now' }));
  const there = ({ metadata }: ApiObject) => metadata.deletionTimestamp === undefined;
  assert.deepEqual(own.over(copy.list(), there), []);
  copy.sees(object('x', '15'));
  assert.deepEqual(versions(own.over(copy.list(), there)), ['x 15']);
});

test('O2: what is gone counts as being deleted until the copy has it no more', () => {
  const copy = new Copy();
  const own = new OwnWrites<ApiObject>(copy);
  copy.sees(object('x', '11'));
  own.removed(object('x', '11'));
  copy.revision = '99';
  assert.ok(own.over(copy.list(), all).every(({ metadata }) => metadata.deletionTimestamp));
  copy.objects.clear();
  assert.deepEqual(own.over(copy.list(), all), []);
  assert.equal(own.size, 0, 'O3');
});
