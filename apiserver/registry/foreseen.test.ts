import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Foreseen } from './foreseen.ts';

const summary = (name: string) => ({ labels: {}, fields: { 'metadata.name': name } });
const bytes = (text: string) => Buffer.from(text);

test('F1 a summary counts once, and only for the bytes that it was made of', () => {
  const foreseen = new Foreseen();
  foreseen.expect('/a', bytes('one'), summary('one'));
  assert.equal(foreseen.take('/a', bytes('two')), undefined);
  assert.equal(foreseen.take('/b', bytes('one')), undefined);
  assert.deepEqual(foreseen.take('/a', bytes('one')), summary('one'));
  assert.equal(foreseen.take('/a', bytes('one')), undefined);
  foreseen.expect('/a', bytes('one'), summary('one'));
  foreseen.expect('/a', bytes('two'), summary('two'));
  assert.deepEqual(foreseen.take('/a', bytes('two')), summary('two'));
});

test('F2 what nobody asks for makes room', () => {
  const foreseen = new Foreseen();
  for (let index = 0; index < 1_001; index += 1) foreseen.expect(`/${index}`, bytes('x'), summary(`${index}`));
  assert.equal(foreseen.take('/0', bytes('x')), undefined);
  assert.deepEqual(foreseen.take('/1', bytes('x')), summary('1'));
});

test('F2 large ones make room by their bytes, and refused ones are forgotten', () => {
  const foreseen = new Foreseen();
  const large = Buffer.alloc(20 * 1024 * 1024);
  foreseen.expect('/one', large, summary('one'));
  foreseen.expect('/two', large, summary('two'));
  assert.equal(foreseen.take('/one', large), undefined);
  foreseen.forget('/two', bytes('other'));
  assert.deepEqual(foreseen.take('/two', large), summary('two'));
  foreseen.expect('/two', large, summary('two'));
  foreseen.forget('/two', large);
  assert.equal(foreseen.take('/two', large), undefined);
});
