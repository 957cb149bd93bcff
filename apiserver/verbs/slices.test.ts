import assert from 'node:assert/strict';
import { PassThrough, Writable } from 'node:stream';
import { test } from 'node:test';
import { SliceWriter } from './slices.ts';

test('L3: pieces arrive in order and whole, gathered into slices', async () => {
  const out = new PassThrough({ highWaterMark: 1024 * 1024 * 16 });
  const writer = new SliceWriter(out, AbortSignal.timeout(5_000));
  const pieces = Array.from({ length: 2_000 }, (_, index) => Buffer.alloc((index * 37) % 500, index % 251));
  pieces.push(Buffer.alloc(300_000, 7), Buffer.from('end'));
  for (const piece of pieces) await writer.write(piece);
  await writer.flush();
  out.end();
  const chunks: Buffer[] = [];
  for await (const chunk of out) chunks.push(chunk);
  assert.ok(Buffer.concat(chunks).equals(Buffer.concat(pieces)));
  assert.ok(chunks.length < 20, `${chunks.length} writes`);
});

test('L1: nothing is written while the other side does not read', async () => {
  let held: (() => void) | undefined;
  let taken = 0;
  const out = new Writable({
    highWaterMark: 16 * 1024,
    write(chunk: Buffer, _encoding, done) {
      taken += chunk.length;
      held = done;
    },
  });
  const stop = new AbortController();
  const writer = new SliceWriter(out, stop.signal);
  let written = 0;
  const writing = (async () => {
    for (;;) {
      await writer.write(Buffer.alloc(1024));
      written += 1024;
    }
  })();
  await new Promise((resolve) => setTimeout(resolve, 50));
  const before = written;
  assert.ok(before <= 128 * 1024, `${before} bytes were gathered for a reader that does not read`);
  assert.equal(taken, 64 * 1024);
  held?.();
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.ok(written > before);
  stop.abort(new Error('over'));
  await assert.rejects(writing, /over|aborted/);
});

test('L2: the event loop gets its turn between many small pieces', async () => {
  const out = new PassThrough();
  out.resume();
  const writer = new SliceWriter(out, AbortSignal.timeout(10_000));
  let turns = 0;
  const ticking = setInterval(() => {
    turns += 1;
  }, 1);
  const piece = Buffer.alloc(200);
  for (let index = 0; index < 300_000; index += 1) await writer.write(piece);
  clearInterval(ticking);
  assert.ok(turns > 1, `${turns} turns`);
});
