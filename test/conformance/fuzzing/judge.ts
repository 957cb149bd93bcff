import assert from 'node:assert/strict';
import { type Answered, type Sent, shown } from './exchange.ts';

/**
 * What every answer must be, whatever was asked:
 *
 * no error of the server but 504 for a version of the future (or a time that the client itself set) and 429; no redirect;
 * an error is a Status in JSON, or one of the plain texts that Kubernetes has (a path that is none, a document that is only read, throttling); a success is what its type says.
 */
export function judge(sent: Sent, answered: Answered): void {
  const { status, headers, text } = answered;
  const what = () => `${shown(sent)}\n→ ${status} ${text.slice(0, 2000)}`;
  assert.ok(status >= 200, what());
  assert.equal(headers.location, undefined, what());
  assert.equal(headers['x-powered-by'], undefined, what());
  const type = String(headers['content-type']);
  assert.doesNotMatch(type, /html/, what());
  if (status >= 500) {
    assert.equal(status, 504, what());
    return;
  }
  if (status < 400 || sent.method === 'HEAD') {
    if (sent.method !== 'HEAD' && type === 'application/json' && !/[?&]watch=|\/watch\//.test(sent.path)) {
      assert.doesNotThrow(() => JSON.parse(text), what());
    }
    return;
  }
  if (type.startsWith('text/plain')) {
    assert.ok([404, 405, 429].includes(status), what());
    return;
  }
  // Node itself answers what is no HTTP.
  if (status === 431 || ((status === 400 || status === 417) && text === '')) return;
  assert.equal(type, 'application/json', what());
  const body = JSON.parse(text) as { kind: string; status: string; code: number; reason: string; message: string };
  assert.deepEqual([body.kind, body.status, body.code], ['Status', 'Failure', status], what());
  assert.ok(body.reason !== '' && body.message !== '', what());
}
