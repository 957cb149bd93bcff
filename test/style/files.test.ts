import assert from 'node:assert/strict';
import path from 'node:path';
import { describe, it } from 'node:test';
import { isCode, isGenerated, sourceFiles } from './tree.ts';

const LIMIT = 500;
/** Names that say nothing of what is inside. */
const EMPTY_NAMES = /^(utils?|helpers?|common|misc|shared|stuff|lib)\.(ts|js|c|h)$/;

describe('files', () => {
  it('hold at most 500 lines of code', () => {
    const long = sourceFiles()
      .filter((file) => isCode(file))
      .map((file) => ({ path: file.path, lines: file.text.split('\n').length - 1 }))
      .filter(({ lines }) => lines > LIMIT)
      .map(({ path: name, lines }) => `${name}: ${lines} lines`);
    assert.deepEqual(long, []);
  });

  it('have names that say what is inside, in kebab-case', () => {
    const wrong = sourceFiles()
      .filter((file) => isCode(file))
      .map((file) => path.basename(file.path))
      .filter((name) => EMPTY_NAMES.test(name) || !/^\.?[a-z0-9]+([-.][a-z0-9]+)*$/.test(name));
    assert.deepEqual(wrong, []);
  });

  it('end with one line feed and have no trailing blanks or carriage returns', () => {
    const wrong = sourceFiles()
      .filter((file) => !isGenerated(file) && file.text !== '')
      .filter((file) => !file.text.endsWith('\n') || file.text.endsWith('\n\n') || /[ \t]+$|\r/m.test(file.text))
      .map((file) => file.path);
    assert.deepEqual(wrong, []);
  });

  it('start with a line that says how they are run, if they are run', () => {
    const wrong = sourceFiles()
      .filter(
        (file) =>
          file.path.startsWith('hack/') &&
          path.extname(file.path) === '' &&
          !file.path.includes('/guest/') &&
          !file.path.includes('/files/'),
      )
      .filter(
        (file) =>
          !/^#!\/(usr\/bin\/env bash|bin\/(ba)?sh|bin\/busybox sh)\n/.test(file.text) &&
          !/initramfs-modules$/.test(file.path),
      )
      .map((file) => file.path);
    assert.deepEqual(wrong, []);
  });
});
