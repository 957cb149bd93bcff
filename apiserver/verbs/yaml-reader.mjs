import { parentPort } from 'node:worker_threads';
import { isAlias, isMap, isPair, isSeq, parseDocument } from 'yaml';

/**
 * What runs in the thread of yaml-thread.ts: YAML texts in, JSON texts out. Plain JavaScript, because a thread begins
 * with a file of its own, in the source tree as in the bundles.
 *
 * @typedef {{ kind: 'json', json: string, duplicates: string[] } | { kind: 'empty' } | { kind: 'wrong', why: string }} Read
 */

/** How often aliases may repeat what they stand for; more is an attempt to blow a small body up. */
const MOST_ALIASES = 100;
const MOST_DUPLICATES = 100;

/** @param {string} text @returns {Read} */
function read(text) {
  try {
    const document = parseDocument(text, { uniqueKeys: false, merge: true, prettyErrors: false, intAsBigInt: true });
    const [problem] = document.errors;
    if (problem !== undefined) return { kind: 'wrong', why: `the body is not valid YAML: ${problem.message}` };
    if (document.contents === null) return { kind: 'empty' };
    // Through JSON text, so that what JSON cannot say is gone and the rules of every body hold here too.
    const json = JSON.stringify(document.toJS({ maxAliasCount: MOST_ALIASES }), exact) ?? 'null';
    return { kind: 'json', json, duplicates: duplicatesOf(document.contents, '').slice(0, MOST_DUPLICATES) };
  } catch (error) {
    return { kind: 'wrong', why: `the body is not usable as YAML: ${/** @type {Error} */ (error).message}` };
  }
}

/** No digit of a whole number is lost silently, as in JSON. @param {string} key @param {unknown} value */
function exact(key, value) {
  if (typeof value !== 'bigint') return value;
  if (Number.isSafeInteger(Number(value))) return Number(value);
  throw new Error(`${key}: the number ${value} is outside of what can be stored exactly`);
}

/** @param {unknown} node @param {string} path @returns {string[]} */
function duplicatesOf(node, path) {
  if (node === null || isAlias(node)) return [];
  if (isSeq(node)) return node.items.flatMap((item, index) => duplicatesOf(item, `${path}[${index}]`));
  if (!isMap(node)) return [];
  const found = [];
  const seen = new Set();
  for (const pair of node.items) {
    if (!isPair(pair)) continue;
    const key = String(pair.key);
    const at = path === '' ? key : `${path}.${key}`;
    if (seen.has(key)) found.push(at);
    seen.add(key);
    found.push(...duplicatesOf(pair.value, at));
  }
  return found;
}

parentPort?.on('message', (text) => parentPort?.postMessage(read(text)));
