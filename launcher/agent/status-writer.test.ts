import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { VirtualMachine } from '../../openapi/api.ts';
import type { Client } from '../../openapi/client/client.ts';
import { errors } from '../../openapi/machinery/errors.ts';
import { StatusWriter } from './status-writer.ts';

const at = { namespace: 'd', name: 'm', uid: 'u1', bootID: 'b1', nodeName: 'n1' };
const machines = { group: 'torpor.dev', plural: 'virtualmachines' };

function object(status: object, version = '1', uid = 'u1'): VirtualMachine {
  return {
    apiVersion: 'torpor.dev/v1alpha1',
    kind: 'VirtualMachine',
    metadata: { name: 'm', namespace: 'd', uid, resourceVersion: version },
    spec: { domain: {} },
    status,
  } as VirtualMachine;
}

const bound = { phase: 'Preparing', nodeName: 'n1', bootID: 'b1' };

/** A server that answers reads and writes from two lists; a thrown entry is an answer too. */
function server(reads: readonly (VirtualMachine | Error)[], writes: readonly (Error | 'ok')[]) {
  const written: VirtualMachine[] = [];
  const problems: string[] = [];
  let [read, write] = [0, 0];
  const client = {
    async get() {
      const answer = reads[Math.min(read++, reads.length - 1)];
      if (answer instanceof Error) throw answer;
      return answer;
    },
    async updateStatus(_resource: unknown, machine: VirtualMachine) {
      const answer = writes[Math.min(write++, writes.length - 1)];
      if (answer instanceof Error) throw answer;
      written.push(machine);
      return machine;
    },
  } as unknown as Client;
  return {
    writer: new StatusWriter({ client, onProblem: (problem) => problems.push(problem) }),
    written,
    problems,
    reads: () => read,
  };
}

const run = (machine: VirtualMachine) => ({ ...machine.status, phase: 'Running' as const });
const never = new AbortController().signal;

test('W2: a conflict is read again and the change made anew on what is there now', async () => {
  const fake = server([object({ ...bound, message: 'newer' }, '2')], [errors.conflict(machines, 'm', 'stale'), 'ok']);
  const outcome = await fake.writer.write(at, run, never, object(bound));
  assert.equal(outcome.kind, 'written');
  assert.deepEqual(
    fake.written.map(({ metadata, status }) => [metadata.resourceVersion, status?.message]),
    [['2', 'newer']],
  );
  assert.deepEqual([fake.reads(), fake.problems], [1, []]);
});

test('W1: a machine that is gone, new, or of another boot or node is left alone', async () => {
  for (const now of [
    errors.notFound(machines, 'm'),
    object(bound, '1', 'u2'),
    object({ ...bound, bootID: 'b2' }),
    object({ ...bound, nodeName: 'n2' }),
    object({ phase: 'Stopped' }),
  ]) {
    const fake = server([now], ['ok']);
    assert.equal((await fake.writer.write(at, run, never)).kind, 'moved');
    assert.equal(fake.written.length, 0);
  }
});

test('W2: a server that cannot be asked is asked again, and each time it is told', async () => {
  const fake = server([object(bound)], [new Error('unreachable'), 'ok']);
  assert.equal((await fake.writer.write(at, run, never)).kind, 'written');
  assert.deepEqual(fake.problems, ['the status of a machine cannot be written']);
});

test('W2: the signal ends it between two attempts', async () => {
  const controller = new AbortController();
  const fake = server([object(bound)], [new Error('unreachable')]);
  const writing = fake.writer.write(at, run, controller.signal);
  setTimeout(() => controller.abort(new Error('over')), 20);
  await assert.rejects(writing, /over/);
});

test('W3: no change is no write', async () => {
  const fake = server([object(bound)], ['ok']);
  assert.equal((await fake.writer.write(at, () => undefined, never)).kind, 'unchanged');
  assert.equal((await fake.writer.write(at, ({ status }) => status, never)).kind, 'unchanged');
  assert.equal(fake.written.length, 0);
});
