import type { ApiObject } from '../../openapi/client/resources.ts';
import { keyOf } from '../../openapi/machinery/object.ts';

/**
 * What this process wrote and its informer may not have seen yet, laid over the informer's copy: a reconciler that counts
 * objects would otherwise make some twice.
 *
 * O1  Of an object that was written here and one in the copy, the newer counts; the written one is forgotten as soon as
 *     the copy has come as far, and then the copy is right, also where it has the object no more.
 * O2  An object whose removal was answered counts as being deleted until the copy has it no more.
 * O3  Memory is bounded by the writes that the informer has not seen.
 */
export interface Copy<T> {
  /** Decimal revision of the last event; '' before the first list. */
  readonly revision: string;
  get(key: string): T | undefined;
}

interface Written<T> {
  readonly key: string;
  readonly object: T;
  /** Undefined when it is gone and nobody said at which revision (O2). */
  readonly revision: bigint | undefined;
}

export class OwnWrites<T extends ApiObject> {
  readonly #copy: Copy<T>;
  /** By uid. */
  readonly #written = new Map<string, Written<T>>();

  constructor(copy: Copy<T>) {
    this.#copy = copy;
  }

  get size(): number {
    return this.#written.size;
  }

  /** The object as the server answered it. */
  wrote(object: T): void {
    const { uid = '', resourceVersion = '' } = object.metadata;
    this.#written.set(uid, { key: keyOf(object), object, revision: revisionOf(resourceVersion) });
  }

  /** The server said that it is gone. */
  removed(object: T): void {
    const { uid = '' } = object.metadata;
    const gone = { ...object, metadata: { ...object.metadata, deletionTimestamp: new Date().toISOString() } };
    this.#written.set(uid, { key: keyOf(object), object: gone, revision: undefined });
  }

  /** `found`, from the copy, with what is newer in place of what is older, and what is not there yet added if `wanted`. */
  over(found: readonly T[], wanted: (object: T) => boolean): T[] {
    this.#forgetSeen();
    if (this.#written.size === 0) return [...found];
    const seen = new Set(found.map(({ metadata }) => metadata.uid));
    const newest = found.map((object) => this.#written.get(object.metadata.uid ?? '')?.object ?? object);
    for (const [uid, { object }] of this.#written) if (!seen.has(uid)) newest.push(object);
    return newest.filter(wanted);
  }

  #forgetSeen(): void {
    const at = revisionOf(this.#copy.revision) ?? 0n;
    for (const [uid, { key, revision }] of this.#written) {
      const seen = revision === undefined ? this.#copy.get(key)?.metadata.uid !== uid : at >= revision;
      if (seen) this.#written.delete(uid);
    }
  }
}

function revisionOf(text: string): bigint | undefined {
  return /^[0-9]+$/.test(text) ? BigInt(text) : undefined;
}
