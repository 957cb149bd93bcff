import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import type http from 'node:http';
import { Readable } from 'node:stream';
import { describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { readBlob } from './blob.ts';
import type { Layer } from './manifest.ts';
import type { Repository } from './registry.ts';

const BYTES = Buffer.from('0123456789'.repeat(100));
const layer: Layer = {
  digest: `sha256:${createHash('sha256').update(BYTES).digest('hex')}`,
  size: BYTES.length,
  compression: 'none',
};
const base = { signal: new AbortController().signal, registry: 'r.example', firstDelay: 1 };

/** A registry whose n-th answer is what the n-th function yields; a thrown error is a broken connection. */
function repository(
  answers: ((offset: number) => AsyncGenerator<Buffer>)[],
  ranges = true,
): Repository & { offsets: number[] } {
  const offsets: number[] = [];
  return {
    offsets,
    neededCredentials: false,
    resolve: () => Promise.reject(new Error('not asked')),
    async openBlob(_, offset) {
      const answer = answers[Math.min(offsets.length, answers.length - 1)];
      offsets.push(offset);
      const partial = ranges && offset > 0;
      const body = Readable.from(answer?.(partial ? offset : 0) ?? []) as unknown as http.IncomingMessage;
      return Object.assign(body, {
        statusCode: partial ? 206 : 200,
        headers: partial ? { 'content-range': `bytes ${offset}-999/1000` } : {},
      });
    },
  };
}

async function* whole(offset: number) {
  yield BYTES.subarray(offset);
}
async function* broken(offset: number) {
  yield BYTES.subarray(offset, offset + 100);
  throw new Error('cut');
}
async function* short(offset: number) {
  yield BYTES.subarray(offset, offset + 100);
}

async function* refusing(offset: number) {
  if (offset < 0) yield BYTES;
  throw new Error('reset');
}

async function collect(from: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of from) chunks.push(chunk);
  return Buffer.concat(chunks);
}

describe('readBlob', () => {
  test('yields every byte once, however often the connection breaks as long as some come (L1, L2)', async () => {
    for (const ranges of [true, false]) {
      const breaks = [broken, short, broken, broken, broken, broken, whole];
      const source = repository(ranges ? breaks : [broken, whole], ranges);
      assert.deepEqual(await collect(readBlob(source, layer, base)), BYTES);
      if (ranges) assert.deepEqual(source.offsets, [0, 100, 200, 300, 400, 500, 600]);
    }
  });

  test('gives up after a few breaks without a byte', async () => {
    const source = repository([refusing]);
    await assert.rejects(collect(readBlob(source, layer, { ...base, attempts: 3 })), {
      reason: 'RegistryUnavailable',
      message: /after 0 of 1000 bytes: reset/,
    });
    assert.equal(source.offsets.length, 3);
  });

  test('a trickle is as good as nothing (L3)', async () => {
    const source = repository([
      async function* () {
        for (let i = 0; i < 1000; i++) {
          yield BYTES.subarray(i, i + 1);
          await delay(5);
        }
      },
    ]);
    await assert.rejects(collect(readBlob(source, layer, { ...base, slowest: 10_000, window: 50 })), {
      reason: 'RegistryUnavailable',
      message: /sends only \d+ bytes a second/,
    });
  });

  test("a slow consumer is not the registry's fault", async () => {
    const source = repository([
      async function* () {
        for (let i = 0; i < 1000; i += 250) yield BYTES.subarray(i, i + 250);
      },
    ]);
    const chunks: Buffer[] = [];
    for await (const chunk of readBlob(source, layer, { ...base, slowest: 100_000, window: 20 })) {
      chunks.push(chunk);
      await delay(30);
    }
    assert.deepEqual(Buffer.concat(chunks), BYTES);
  });

  test('other bytes are an error at the end, before anybody can take them for good (L1)', async () => {
    const source = repository([
      async function* () {
        yield Buffer.alloc(1000);
      },
    ]);
    await assert.rejects(collect(readBlob(source, layer, base)), { reason: 'DigestMismatch' });
  });

  test('another range than the one asked for is refused', async () => {
    const source = repository([short, whole]);
    const open = source.openBlob;
    source.openBlob = async (...args) => {
      const answer = await open(...args);
      if (args[1] > 0) answer.headers['content-range'] = 'bytes 0-999/1000';
      return answer;
    };
    await assert.rejects(collect(readBlob(source, layer, base)), /answers another range/);
  });
});
