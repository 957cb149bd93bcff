const LARGEST_BATCH = 16;

/**
 * Works through the items in batches of 1, 2, 4 … 16 at once, and stops after a batch in which something failed: what
 * cannot work is tried once and not a hundred times.
 *
 * @returns The results of what succeeded, and the first error; undefined when all went well.
 */
export async function inBatches<T, R>(
  items: readonly T[],
  work: (item: T) => Promise<R>,
): Promise<{ readonly results: readonly R[]; readonly error: unknown }> {
  const results: R[] = [];
  let size = 1;
  for (let at = 0; at < items.length; at += size, size = Math.min(size * 2, LARGEST_BATCH)) {
    const settled = await Promise.allSettled(items.slice(at, at + size).map(work));
    for (const one of settled) if (one.status === 'fulfilled') results.push(one.value);
    const failed = settled.find((one) => one.status === 'rejected');
    if (failed) return { results, error: failed.reason ?? new Error('it failed without a reason') };
  }
  return { results, error: undefined };
}
