import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLogger } from '../../base/log.ts';
import { createMetrics } from '../../base/metrics.ts';
import { errors } from '../../openapi/machinery/errors.ts';
import { Controller } from './controller.ts';
import { createEngineMetrics } from './engine-metrics.ts';
import { again, done, type Reconcile, retry, terminal } from './reconcile.ts';

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

function make(reconcile: Reconcile, workers = 2) {
  const metrics = createMetrics({ processMetrics: false });
  const lines: Record<string, unknown>[] = [];
  const log = createLogger('test', {
    level: 'debug',
    destination: { write: (line: string) => lines.push(JSON.parse(line)) },
  });
  const controller = new Controller({
    name: 'test',
    reconcile,
    log,
    metrics: createEngineMetrics(metrics),
    workers,
    queue: { initialMs: 5, maxMs: 20 },
  });
  return { controller, metrics, lines };
}

test('C2: every outcome is handled and counted; what is thrown is a retry', async () => {
  const runs = new Map<string, number>();
  const { controller, metrics, lines } = make(async (key) => {
    const run = (runs.get(key) ?? 0) + 1;
    runs.set(key, run);
    if (run > 1) return done;
    switch (key) {
      case 'again':
        return again(5);
      case 'retry':
        return retry(new Error('once'));
      case 'conflict':
        return retry(errors.conflict({ group: '', plural: 'things' }, 'x'));
      case 'terminal':
        return terminal(new Error('never'));
      case 'throws':
        throw new Error('thrown');
      default:
        return done;
    }
  });
  const keys = ['done', 'again', 'retry', 'conflict', 'terminal', 'throws'];
  for (const key of keys) controller.enqueue(key);
  assert.equal(runs.size, 0, 'C1');
  controller.start();
  await pause(80);
  await controller.stop();
  assert.deepEqual(Object.fromEntries(runs), { done: 1, again: 2, retry: 2, conflict: 2, terminal: 1, throws: 2 });
  const text = await metrics.text();
  assert.match(text, /torpor_reconcile_total\{controller="test",result="retry"\} 3/);
  assert.match(text, /torpor_reconcile_total\{controller="test",result="terminal"\} 1/);
  assert.match(text, /torpor_queue_depth\{controller="test"\} 0/);
  assert.deepEqual(
    lines
      .filter(({ level }) => level === 'warn')
      .map(({ key }) => key)
      .sort(),
    ['retry', 'throws'],
    'a conflict is no warning',
  );
});

test('a key is never reconciled twice at once, different keys are', async () => {
  let now = 0;
  let most = 0;
  const current = new Set<string>();
  const { controller } = make(async (key) => {
    assert.ok(!current.has(key));
    current.add(key);
    most = Math.max(most, ++now);
    await pause(5);
    now--;
    current.delete(key);
    return done;
  }, 3);
  controller.start();
  for (let i = 0; i < 30; i++) {
    controller.enqueue(`k${i % 4}`);
    await pause(1);
  }
  await controller.stop();
  assert.equal(most, 3);
});

test('C3: stop waits for what runs, then aborts it', async () => {
  const seen: string[] = [];
  const { controller } = make(async (key, { signal }) => {
    seen.push(`${key} starts`);
    if (key === 'short') await pause(20);
    else await new Promise((resolve) => signal.addEventListener('abort', resolve));
    seen.push(`${key} ends`);
    return done;
  });
  controller.start();
  controller.enqueue('short');
  controller.enqueue('hangs');
  await pause(5);
  await controller.stop(50);
  assert.deepEqual(seen, ['short starts', 'hangs starts', 'short ends', 'hangs ends']);
});
