/**
 * Whatever is sent: never a crash, never an error of the server, never an object that cannot be read back, never an event
 * loop that is held. Each run draws a seed, which it prints; TORPOR_FUZZ_SEED repeats one, TORPOR_FUZZ_RUNS makes it longer
 * (hack/soak fuzz does both for as long as it is told).
 */
import { after, before, describe, test } from 'node:test';
import { Bench } from './fuzzing/bench.ts';
import { properties } from './fuzzing/properties.ts';

const seed = Number(process.env.TORPOR_FUZZ_SEED ?? Date.now() % 2 ** 31);
const runs = Number(process.env.TORPOR_FUZZ_RUNS ?? 60);

describe(`bad input, TORPOR_FUZZ_SEED=${seed}`, () => {
  let bench: Bench;
  before(async () => {
    bench = await Bench.start();
  });
  after(() => bench?.stop());

  for (const { name, check } of properties) {
    test(`bad input: ${name}`, async (context) => {
      console.log(`TORPOR_FUZZ_SEED=${seed}: ${name}`);
      await check(bench, { seed, runs });
      const heldMs = await bench.settle();
      context.diagnostic(`the event loop was held for ${heldMs.toFixed(0)} ms at most`);
    });
  }
});
