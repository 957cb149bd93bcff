import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Layout } from './layout.ts';

describe('the layout in etcd', () => {
  const layout = new Layout('/torpor.dev/');
  const range = (prefix: string, after?: string): string[] => {
    const { key, range_end } = layout.range(prefix, after);
    return [key.toString(), range_end.toString()];
  };

  it('puts every key below the prefix and finds its name again', () => {
    assert.equal(layout.key('/hosts/a').toString(), '/torpor.dev/hosts/a');
    assert.equal(layout.name(Buffer.from('/torpor.dev/hosts/a')), '/hosts/a');
    assert.equal(layout.name(layout.revisionKey), undefined);
  });

  it("ranges leave the store's own keys out; the watched range has them", () => {
    assert.deepEqual(range('/'), ['/torpor.dev/"', '/torpor.dev0']);
    assert.deepEqual(range('/hosts/'), ['/torpor.dev/hosts/', '/torpor.dev/hosts0']);
    for (const own of [layout.revisionKey, layout.fenceKey, layout.compactionKey]) {
      assert.ok(Buffer.compare(own, layout.range('/', undefined).key) < 0);
      assert.ok(Buffer.compare(own, layout.all.key) > 0 && Buffer.compare(own, layout.all.range_end) < 0);
    }
  });

  it('a range after a key begins right behind it, but never before its prefix', () => {
    assert.deepEqual(range('/hosts/', '/hosts/a'), ['/torpor.dev/hosts/a\0', '/torpor.dev/hosts0']);
    assert.deepEqual(range('/hosts/', '/a'), ['/torpor.dev/hosts/', '/torpor.dev/hosts0']);
  });

  it('refuses prefixes that are none', () => {
    for (const prefix of ['', '/', 'torpor', '//']) assert.throws(() => new Layout(prefix), TypeError);
  });
});
