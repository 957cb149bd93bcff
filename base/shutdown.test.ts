import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { describe, it } from 'node:test';
import { createLogger } from './log.ts';
import { Shutdown } from './shutdown.ts';

function prepared(deadlineMs = 1000) {
  const lines: Record<string, unknown>[] = [];
  const logger = createLogger('test', { destination: { write: (line) => void lines.push(JSON.parse(line) as never) } });
  const exits: number[] = [];
  const shutdown = new Shutdown({ logger, deadlineMs, exit: (status) => exits.push(status) });
  return { shutdown, exits, lines };
}

describe('shutdown', () => {
  it('H1 stops parts one after another in reverse order and survives one that fails', async () => {
    const { shutdown, exits, lines } = prepared();
    const order: string[] = [];
    shutdown.add('store', () => void order.push('store'));
    shutdown.add('bad', () => {
      throw new Error('no');
    });
    shutdown.add('server', async () => {
      await new Promise((resolve) => setTimeout(resolve, 5));
      order.push('server');
    });
    await shutdown.stop(0);
    assert.deepEqual(order, ['server', 'store']);
    assert.deepEqual(exits, [0]);
    assert.ok(lines.some((line) => line.part === 'bad'));
  });

  it('H2 stops once, aborts its signal first, and stops late comers right away', async () => {
    const { shutdown, exits } = prepared();
    let aborted = false;
    let stops = 0;
    shutdown.add('part', () => {
      aborted = shutdown.signal.aborted;
      stops += 1;
    });
    await Promise.all([shutdown.stop(0), shutdown.stop(1)]);
    assert.equal(aborted, true);
    assert.equal(stops, 1);
    assert.deepEqual(exits, [1], 'the worst status counts');
    let late = false;
    shutdown.add('late', () => {
      late = true;
    });
    assert.equal(late, true);
  });

  it('H3 ends with status 1 after the deadline and names the part that hung', async () => {
    const { shutdown, exits, lines } = prepared(20);
    let release: () => void = () => {};
    shutdown.add('hung', () => new Promise<void>((resolve) => (release = resolve)));
    const stopping = shutdown.stop(0);
    await new Promise((resolve) => setTimeout(resolve, 60));
    assert.deepEqual(exits, [1]);
    assert.ok(lines.some((line) => line.part === 'hung'));
    release();
    await stopping;
    assert.deepEqual(exits, [1]);
  });

  it('H4 ends with 0 on the first signal and with 1 at once on the second', async () => {
    const { shutdown, exits } = prepared();
    const target = new EventEmitter();
    const detach = shutdown.listen(target);
    let release: () => void = () => {};
    shutdown.add('slow', () => new Promise<void>((resolve) => (release = resolve)));
    target.emit('SIGTERM', 'SIGTERM');
    assert.deepEqual(exits, []);
    target.emit('SIGINT', 'SIGINT');
    assert.deepEqual(exits, [1]);
    release();
    await shutdown.stop(0);
    detach();
    assert.equal(target.listenerCount('SIGTERM'), 0);
  });

  it('H5 stops with status 1 on an uncaught error', async () => {
    const { shutdown, exits, lines } = prepared();
    const target = new EventEmitter();
    shutdown.listen(target);
    target.emit('unhandledRejection', new Error('boom'));
    await shutdown.stop(0);
    assert.deepEqual(exits, [1]);
    assert.ok(lines.some((line) => (line.err as { message?: string } | undefined)?.message === 'boom'));
  });
});
