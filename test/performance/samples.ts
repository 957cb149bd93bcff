/** Figures of one series of measurements. */
export interface Summary {
  readonly count: number;
  readonly median: number;
  readonly p95: number;
  readonly smallest: number;
  readonly largest: number;
}

export function summarize(samples: readonly number[]): Summary {
  if (samples.length === 0) throw new RangeError('a series without samples says nothing');
  const sorted = samples.toSorted((a, b) => a - b);
  return {
    count: sorted.length,
    median: quantile(sorted, 0.5),
    p95: quantile(sorted, 0.95),
    smallest: sorted[0] as number,
    largest: sorted.at(-1) as number,
  };
}

/** Linear between the two nearest ranks; `sorted` ascends. */
function quantile(sorted: readonly number[], share: number): number {
  const at = (sorted.length - 1) * share;
  const below = sorted[Math.floor(at)] as number;
  const above = sorted[Math.ceil(at)] as number;
  return below + (above - below) * (at - Math.floor(at));
}

/** A-B-B-A, so that a drift of the computer's speed weighs on both alike. */
export async function interleave(pairs: number, a: () => Promise<number>, b: () => Promise<number>) {
  const samples = { a: [] as number[], b: [] as number[] };
  for (let pair = 0; pair < pairs; pair += 1) {
    if (pair % 2 === 0) {
      samples.a.push(await a());
      samples.b.push(await b());
    } else {
      samples.b.push(await b());
      samples.a.push(await a());
    }
  }
  return samples;
}
