import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import { test } from 'node:test';
import type { RequestInfo } from '../../request/info.ts';
import { parseRequest } from '../../request/parse.ts';
import { AuditRecord } from './record.ts';

function infoOf(method: string, url: string): RequestInfo {
  const outcome = parseRequest(method, url);
  assert.ok(outcome.kind === 'parsed');
  return outcome.info;
}

function recordOf(omitManagedFields: boolean) {
  const url = '/apis/torpor.dev/v1alpha1/namespaces/default/virtualmachines';
  const req = { url, headers: {}, rawHeaders: [], socket: { remoteAddress: '127.0.0.1' } } as never as IncomingMessage;
  const user = { name: 'ann', groups: [], extra: {} };
  const events: Record<string, unknown>[] = [];
  const record = new AuditRecord(
    { req, info: infoOf('POST', url), user, auditID: 'one', longRunning: false },
    { level: 'RequestResponse', omitStages: new Set(['RequestReceived']), omitManagedFields },
    (line) => events.push(JSON.parse(line)),
  );
  return { record, events };
}

const deep = '['.repeat(100_000) + ']'.repeat(100_000);
const deepLists = `${'{"items":['.repeat(50_000)}${']}'.repeat(50_000)}`;

for (const [what, body] of Object.entries({ arrays: deep, lists: deepLists })) {
  for (const omitManagedFields of [false, true]) {
    test(`R1, R3: a body of ${what} too deep to be written is left out, managed fields kept: ${!omitManagedFields}`, () => {
      const { record, events } = recordOf(omitManagedFields);
      record.requestBody(Buffer.from(body), 'application/json');
      record.end({ kind: 'answered', code: 400 });
      assert.equal(events.length, 1);
      assert.equal(events[0]?.stage, 'ResponseComplete');
      assert.equal('requestObject' in (events[0] ?? {}), false);
      assert.deepEqual(events[0]?.annotations, { 'audit.k8s.io/truncated': 'true' });
    });
  }
}

test('R3: a body that can be written stands in the event, without managed fields of it and of its items', () => {
  const { record, events } = recordOf(true);
  const one = { metadata: { name: 'a', managedFields: [{}] } };
  record.requestBody(Buffer.from(JSON.stringify({ ...one, items: [one] })), 'application/json');
  record.end({ kind: 'answered', code: 201 });
  assert.deepEqual(events[0]?.requestObject, { metadata: { name: 'a' }, items: [{ metadata: { name: 'a' } }] });
  assert.equal('annotations' in (events[0] ?? {}), false);
});
