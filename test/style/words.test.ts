import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { at, isCode, isGenerated, type SourceFile, sourceFiles } from './tree.ts';

/** Everything that matches, as lines that a person can click. */
function found(files: readonly SourceFile[], pattern: RegExp): string[] {
  return files.flatMap((file) => [...file.text.matchAll(pattern)].map((match) => at(file, match.index)));
}

const isThisFile = (file: SourceFile): boolean => file.path === 'test/style/words.test.ts';
const written = (): readonly SourceFile[] => sourceFiles().filter((file) => !isGenerated(file) && !isThisFile(file));

describe('words', () => {
  it('promise nothing for later in the code: what is missing is said in an error or not at all', () => {
    const pattern = /\b(TODO|FIXME|XXX|HACK)\b|not (yet )?implemented|\bplaceholder implementation\b/g;
    assert.deepEqual(found(written().filter(isCode), pattern), []);
  });

  it('switch no test off', () => {
    const tests = written().filter((file) => file.path.endsWith('.test.ts'));
    assert.deepEqual(found(tests, /\b(it|test|describe)\.(skip|todo|only)\b|\bskip: true\b|\btodo: true\b/g), []);
  });

  it('name no path of the machine that they were written on', () => {
    assert.deepEqual(found(written(), /(?<![\w./-])\/(work|home\/[a-z]+|Users)\/[\w.-]+/g), []);
  });

  it('name no mirror of a package registry', () => {
    const hosts =
      /\b(registry\.npm\w*\.[a-z]+|deb\.debian\.org|security\.debian\.org|[a-z0-9.-]*artifactory[a-z0-9.-]*|[a-z0-9.-]*nexus[a-z0-9-]*\.[a-z.]+)\b/g;
    const lock = sourceFiles().filter((file) => file.path === 'package-lock.json');
    assert.deepEqual(found(written(), hosts), []);
    assert.deepEqual(found(lock, /"resolved": "https?:[^"]*"/g).slice(0, 3), []);
  });

  it('switch no lint rule off for a whole file, and say why where they do for a line', () => {
    const silent =
      /biome-ignore-all|eslint-disable(?!-next-line)|@ts-nocheck|@ts-ignore|biome-ignore [\w/]+:?\s*$|eslint-disable-next-line [@\w/-]+\s*$/gm;
    assert.deepEqual(found(written().filter(isCode), silent), []);
  });
});
