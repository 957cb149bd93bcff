import assert, { AssertionError } from 'node:assert';

/**
 * Loaded before a test file. When assert.ok(x) fails without a message, Node looks for the text of the call by parsing
 * the file from one position after the other. tsx serves a file as one long line, for which that takes many minutes: a
 * test that fails would look like one that hangs, and its reason would be lost.
 *
 * Plain JavaScript, because threads that a test starts load it too, before they can read TypeScript.
 *
 * @param {unknown} value
 * @param {string | Error} [message]
 */
function ok(value, message) {
  if (value) return;
  if (message instanceof Error) throw message;
  const text = message ?? `the expression is ${String(value)}, not true`;
  throw new AssertionError({ message: text, actual: value, expected: true, operator: '==', stackStartFn: ok });
}

for (const one of [assert, assert.strict]) one.ok = ok;
