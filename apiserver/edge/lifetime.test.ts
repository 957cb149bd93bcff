import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import type { ServerResponse } from 'node:http';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { endOf, RequestEnded } from '../request/end.ts';
import { Lifetime } from './lifetime.ts';

const response = (writableFinished = false) =>
  Object.assign(new EventEmitter(), { writableFinished }) as unknown as ServerResponse;
const unexpected = (error: unknown) => assert.fail(String(error));
const never = new AbortController().signal;

test('L1: the client’s going aborts, a finished answer does not', () => {
  const [gone, finished] = [response(), response(true)];
  const [one, two] = [new Lifetime(gone, never), new Lifetime(finished, never)];
  gone.emit('close');
  finished.emit('close');
  assert.equal(endOf(one.signal), 'client-gone');
  assert.equal(two.signal.aborted, false);
});

test('L1: only long-running requests end with the server, also when it has ended before', () => {
  const shutdown = new AbortController();
  const [watch, get] = [new Lifetime(response(), shutdown.signal), new Lifetime(response(), shutdown.signal)];
  watch.endWithServer();
  shutdown.abort();
  assert.equal(endOf(watch.signal), 'shutdown');
  assert.equal(get.signal.aborted, false);
  const late = new Lifetime(response(), shutdown.signal);
  late.endWithServer();
  assert.equal(endOf(late.signal), 'shutdown');
});

test('L2: the deadline rejects, and what the work does afterwards is told to `late` alone', async () => {
  const lifetime = new Lifetime(response(), never);
  lifetime.setDeadline(20);
  const told: unknown[] = [];
  const work = delay(60).then(() => Promise.reject(new Error('too late')));
  await assert.rejects(
    lifetime.before(work, (error) => told.push(error)),
    (error) => error instanceof RequestEnded && error.end === 'deadline',
  );
  await delay(80);
  assert.match(String(told[0]), /too late/);
});

test('L2: work that ends in time gives its own outcome', async () => {
  const lifetime = new Lifetime(response(), never);
  lifetime.setDeadline(1_000);
  assert.equal(await lifetime.before(Promise.resolve(1), unexpected), 1);
  await assert.rejects(lifetime.before(Promise.reject(new Error('own')), unexpected), /own/);
  lifetime.close();
});

test('L3: after close nothing is listened to', () => {
  const res = response();
  const lifetime = new Lifetime(res, never);
  lifetime.setDeadline(1);
  lifetime.close();
  assert.equal(res.listenerCount('close'), 0);
  res.emit('close');
  assert.equal(lifetime.signal.aborted, false);
});
