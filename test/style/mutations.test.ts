import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readTitles } from '../../hack/checklist/titles.ts';
import { faultsOf } from '../../hack/mutation/apply.ts';
import { mutations } from '../conformance/mutations/all.ts';
import { root, sourceFiles } from './tree.ts';

/** What hack/mutate would stumble over, without running it: a mutation that fits the source no more tests nothing. */
describe('mutations', () => {
  it('apply to the source as it is, and suites name what they switch off', async () => {
    const known = new Set(sourceFiles().map((file) => file.path));
    const suites = [...new Set(mutations.flatMap(({ tests }) => tests))];
    assert.deepEqual(
      suites.filter((suite) => !known.has(suite)),
      [],
    );
    const titles = await readTitles(root, suites);
    const texts = new Map(sourceFiles().map((file) => [file.path, file.text]));
    assert.deepEqual(
      mutations.flatMap((mutation) => faultsOf(mutation, texts.get(mutation.file), titles)),
      [],
      'test/conformance/mutations is out of step with the source: change "from" there to what the source says now',
    );
  });

  it('are 30 at the least, over all sections of the checklist, and none is there twice', () => {
    assert.ok(mutations.length >= 30, `${mutations.length}`);
    const sections = new Set(mutations.flatMap(({ ids }) => ids.map((id) => id.slice(0, 1))));
    assert.deepEqual([...sections].sort(), ['A', 'C', 'D', 'E', 'H', 'K', 'N', 'O', 'P', 'U', 'W', 'X']);
    const changes = mutations.map(({ file, from, to }) => JSON.stringify([file, from, to]));
    assert.equal(new Set(changes).size, changes.length);
  });
});
