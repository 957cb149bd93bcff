import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isCode, type SourceFile, sourceFiles } from './tree.ts';

/**
 * Numbered rules. A file with behaviour over time starts with its contract: lines ` * Q1  Text`. The numbers are how
 * code and tests point at a rule, so they must be there to be pointed at.
 */
interface Contract {
  readonly file: SourceFile;
  readonly letter: string;
  readonly numbers: readonly number[];
}

const RULE = /^ ?(?:\*|\/\/|#) {1,2}([A-Z]{1,2})(\d{1,2}) {1,2}\S/gm;

/** The numbered rules of a file, by letter. */
function contractsOf(file: SourceFile): readonly Contract[] {
  const byLetter = new Map<string, number[]>();
  for (const [, letter = '', number = ''] of file.text.matchAll(RULE)) {
    byLetter.set(letter, [...(byLetter.get(letter) ?? []), Number(number)]);
  }
  return [...byLetter]
    .map(([letter, numbers]) => ({ file, letter, numbers }))
    .filter(({ numbers }) => numbers.length > 1);
}

const sources = (): readonly SourceFile[] =>
  sourceFiles().filter((file) => isCode(file) && !file.path.endsWith('.test.ts'));

/** True when the rule is named in a text outside of its own definition. */
function isNamed(text: string, rule: string): boolean {
  return new RegExp(`(?<![\\w-])${rule}(?![\\w-])`).test(text);
}

describe('numbered rules', () => {
  it('are numbered from 1 without gaps, each once', () => {
    const wrong = sources()
      .flatMap(contractsOf)
      .filter(({ numbers }) => numbers.some((number, index) => number !== index + 1))
      .map(({ file, letter, numbers }) => `${file.path}: ${numbers.map((number) => letter + number).join(' ')}`);
    assert.deepEqual(wrong, []);
  });

  it('are named where they are kept or tested, the most of them at the least', () => {
    const tests = sourceFiles().filter((file) => /^test\/|\.test\.ts$|\/(contract|testing)\//.test(file.path));
    const unnamed: string[] = [];
    for (const { file, letter, numbers } of sources().flatMap(contractsOf)) {
      const room = file.path.split('/')[0] ?? '';
      const near = tests.filter((test) => test.path.startsWith(`${room}/`) || test.path.startsWith('test/'));
      const body = file.text.replace(RULE, '');
      const missing = numbers
        .map((number) => `${letter}${number}`)
        .filter((rule) => !isNamed(body, rule) && !near.some((test) => isNamed(test.text, rule)));
      if (missing.length > numbers.length / 2) unnamed.push(`${file.path}: ${missing.join(' ')}`);
    }
    assert.deepEqual(unnamed, []);
  });
});
