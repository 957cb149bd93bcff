import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type CompactionRecord, Compactor } from './compactor.ts';

const silent = { info: () => undefined, warn: () => undefined };

/** A store whose revision the test sets, shared by several compactors. */
class Record implements CompactionRecord {
  revision = 100n;
  readonly compacted: bigint[] = [];
  #version = 0n;

  async claim(version: bigint) {
    const won = version === this.#version;
    if (won) {
      this.#version += 1n;
      this.revision += 1n;
    }
    return { won, version: this.#version, revision: this.revision };
  }

  async compact(revision: bigint): Promise<void> {
    this.compacted.push(revision);
  }
}

describe('the compactor', () => {
  it('P1: forgets what was the newest revision one round ago', async () => {
    const record = new Record();
    const compactor = new Compactor(record, 1_000, silent);
    await compactor.round();
    assert.deepEqual(record.compacted, []);
    record.revision = 200n;
    await compactor.round();
    assert.deepEqual(record.compacted, [100n]);
    record.revision = 300n;
    await compactor.round();
    assert.deepEqual(record.compacted, [100n, 201n]);
  });

  it('P2: of two processes one compacts per round', async () => {
    const record = new Record();
    const pair = [new Compactor(record, 1_000, silent), new Compactor(record, 1_000, silent)];
    for (let round = 0; round < 5; round += 1) {
      for (const compactor of pair) await compactor.round();
      record.revision += 100n;
    }
    assert.equal(record.compacted.length, 4);
    assert.deepEqual(record.compacted, [...new Set(record.compacted)]);
  });

  it('P3: a failing round is logged and the next one comes', async () => {
    const warnings: unknown[] = [];
    let rounds = 0;
    const failing: CompactionRecord = {
      claim: async () => {
        rounds += 1;
        throw new Error('etcd is away');
      },
      compact: async () => undefined,
    };
    const compactor = new Compactor(failing, 5, { ...silent, warn: (fields: unknown) => warnings.push(fields) });
    compactor.start();
    await new Promise((resolve) => setTimeout(resolve, 60));
    await compactor.stop();
    const after = rounds;
    assert.ok(after >= 2);
    assert.deepEqual(warnings[0], { reason: 'etcd is away' });
    await new Promise((resolve) => setTimeout(resolve, 30));
    assert.equal(rounds, after);
  });
});
