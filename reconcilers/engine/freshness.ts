import type { ObjectMeta } from '../../openapi/machinery/object.ts';

/**
 * Remembers what this process wrote, so that it does not decide again from a copy that has not seen its write yet.
 *
 * F1  After wrote(object), isStale(copy) is true until the copy has that revision or a later one, or is another object.
 * F2  A write that never shows up (its event was lost with an object that is gone) is forgotten after 10 s.
 */
export class Freshness {
  readonly #written = new Map<string, { readonly revision: bigint; readonly at: number }>();

  wrote({ metadata }: { readonly metadata: ObjectMeta }): void {
    const { uid, resourceVersion } = metadata;
    if (!uid || !resourceVersion || !/^[0-9]+$/.test(resourceVersion)) return;
    this.#written.set(uid, { revision: BigInt(resourceVersion), at: performance.now() });
  }

  isStale({ metadata }: { readonly metadata: ObjectMeta }): boolean {
    const { uid = '', resourceVersion = '' } = metadata;
    const written = this.#written.get(uid);
    if (!written) return false;
    if (performance.now() - written.at < 10_000 && BigInt(resourceVersion || 0) < written.revision) return true;
    this.#written.delete(uid);
    return false;
  }

  forget(uid: string): void {
    this.#written.delete(uid);
  }

  get size(): number {
    return this.#written.size;
  }
}
