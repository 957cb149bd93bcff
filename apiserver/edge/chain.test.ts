import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, get, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { createLogger } from '../../base/log.ts';
import { errors } from '../../openapi/machinery/errors.ts';
import type { Audit } from '../access/audit/audit.ts';
import type { AuditRecord, Outcome } from '../access/audit/record.ts';
import { createChain, type Destination, type Stages } from './chain.ts';
import { InFlight } from './in-flight.ts';
import { sendJson } from './respond.ts';

const answered: Destination = (context) => sendJson(context, 200, {});
const nothing = (): void => {};

/** An event that takes everything and keeps how it ended. */
function recordOf(ends: Outcome[], more: Partial<AuditRecord> = {}): AuditRecord {
  const trail = { annotate: nothing, actsFor: nothing, requestBody: nothing, responseBody: nothing };
  const stages = { received: nothing, started: nothing, end: (outcome: Outcome) => ends.push(outcome) };
  return { ...trail, ...stages, ...more } as never as AuditRecord;
}

const auditOf = (record: AuditRecord, more: Partial<Audit> = {}): Audit => ({
  record: () => record,
  room: () => undefined,
  close: async () => {},
  ...more,
});

/** A server of this chain alone; `chains` has the promise of each request. */
async function serve(t: TestContext, destination: Destination, more: Partial<Stages> = {}) {
  const chain = createChain({
    logger: createLogger('test', { level: 'silent' as never }),
    inFlight: new InFlight({ readOnly: 10, mutating: 10 }),
    requestTimeoutMs: 10_000,
    shutdown: new AbortController().signal,
    authenticate: async () => ({ name: 'ann', groups: [], extra: {} }),
    impersonate: async (user) => user,
    authorize: async () => {},
    observe: () => nothing,
    ...more,
  });
  const chains: Promise<void>[] = [];
  const server = createServer((req, res) => {
    const running = chain(req, res, destination);
    running.catch(nothing);
    chains.push(running);
    server.emit('taken');
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const ask = (path = '/version') => get({ host: '127.0.0.1', port, path, agent: false });
  return { ask, chains, server };
}

async function codeOf(request: ReturnType<typeof get>): Promise<number | string | undefined> {
  try {
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    response.resume();
    return response.statusCode;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code;
  }
}

function breaks(): never {
  throw new RangeError('Maximum call stack size exceeded');
}

test('an event that cannot be written does not make the chain reject', async (t) => {
  let over = 0;
  const audit = auditOf(recordOf([], { end: breaks }));
  const { ask, chains } = await serve(t, answered, { audit, observe: () => () => over++ });
  assert.equal(await codeOf(ask()), 200);
  await chains[0];
  assert.equal(over, 1);
});

test('an answer that cannot be given ends the connection, is a fault in the event, and does not make the chain reject', async (t) => {
  const ends: Outcome[] = [];
  const audit = auditOf(recordOf(ends, { responseBody: breaks }));
  const { ask, chains } = await serve(t, answered, { audit });
  assert.equal(await codeOf(ask()), 'ECONNRESET');
  await chains[0];
  assert.equal(ends[0]?.kind, 'fault');
});

test('a metric that fails does not make the chain reject', async (t) => {
  const { ask, chains } = await serve(t, answered, { observe: () => breaks });
  assert.equal(await codeOf(ask()), 200);
  await chains[0];
});

test('who is not known waits for room in the log as well, and no longer than its connection', async (t) => {
  const started: number[] = [];
  const waits: AbortSignal[] = [];
  const record = recordOf([], { started: (code) => started.push(code) });
  const room: Audit['room'] = ({ signal }) => {
    waits.push(signal);
    return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
  };
  const authenticate = () => Promise.reject(errors.unauthorized());
  const { ask, chains, server } = await serve(t, answered, { audit: auditOf(record, { room }), authenticate });
  const taken = once(server, 'taken');
  const request = ask().on('error', nothing);
  await taken;
  await new Promise(setImmediate);
  assert.equal(waits.length, 1);
  request.destroy();
  await chains[0];
  assert.deepEqual(started, []);
});
