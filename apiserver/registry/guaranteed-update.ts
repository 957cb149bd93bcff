import { errors } from '../../openapi/machinery/errors.ts';
import type { KubernetesObject } from '../../openapi/machinery/object.ts';
import type { Change, Entry } from '../../storage/store.ts';
import { summaryOf } from './cache-codec.ts';
import { decodeObject, encodeObject } from './codec.ts';
import { nothingChanged } from './compare.ts';
import type { ResourceCore } from './core.ts';

/**
 * The one way to change what is stored: read, change, compare-and-swap, again.
 *
 * G1  The first attempt starts from the cache. What it decides without a write (an error, "nothing changed", a dry run)
 *     counts once the entry has turned out to be the newest; if it is stale, it is decided again from a fresh one. So the
 *     change function, which may ask webhooks, is not called twice about the same object.
 * G2  A lost race on the object is tried again from what stands there now; a lost race on a key alongside it is tried
 *     again from the same object. The change function sees a copy of its own each time.
 * G3  An object that did not change is not written: no revision, no event.
 * G4  The number of attempts is bounded; then the client is told that there is a conflict.
 * G5  The strategy's `alongside` changes go into the same transaction, so they happen with the write or not at all.
 */

/** What the change function wants. */
export type Wanted =
  | { readonly kind: 'put'; readonly object: KubernetesObject }
  | { readonly kind: 'remove'; readonly object: KubernetesObject };

export type Updated =
  | { readonly kind: 'written'; readonly object: KubernetesObject }
  | { readonly kind: 'unchanged'; readonly object: KubernetesObject }
  /** The object as it was last, with the revision that removed it unless it was a dry run. */
  | { readonly kind: 'removed'; readonly object: KubernetesObject };

export type ChangeFunction = (current: KubernetesObject) => Wanted | Promise<Wanted>;

const ATTEMPTS = 24;

/** One version of the object to start from; `parse` makes a new copy each time. */
interface Origin {
  readonly revision: bigint;
  parse(): KubernetesObject;
}

/** @throws StatusError 404 when nothing stands at the key, 409 after too many lost races, and what `change` throws. */
export async function guaranteedUpdate(
  core: ResourceCore,
  key: string,
  change: ChangeFunction,
  options: { readonly dryRun: boolean; readonly signal: AbortSignal },
): Promise<Updated> {
  let origin = await cached(core, key);
  let fresh = false;
  const refresh = async (): Promise<void> => {
    origin = stored((await core.store.get(key)).entry);
    fresh = true;
  };
  /** True when what was decided from the present origin counts; else the origin is a newer one now. */
  const counts = async (): Promise<boolean> => {
    if (fresh) return true;
    const seen = origin?.revision;
    await refresh();
    return origin?.revision === seen;
  };
  if (origin === undefined) await refresh();
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    options.signal.throwIfAborted();
    if (origin === undefined) throw errors.notFound(core.definition, core.nameOf(key));
    const old = origin.parse();
    let wanted: Wanted;
    let changes: [Change, ...Change[]];
    try {
      wanted = await change(origin.parse());
      changes = await changesFor(core, key, origin.revision, old, wanted);
    } catch (error) {
      if (await counts()) throw error;
      continue;
    }
    if (wanted.kind === 'put' && nothingChanged(wanted.object, old)) {
      if (options.dryRun || (await counts())) return { kind: 'unchanged', object: old };
      continue;
    }
    if (options.dryRun) {
      if (!(await counts())) continue;
      return { kind: wanted.kind === 'put' ? 'written' : 'removed', object: wanted.object };
    }
    const [main] = changes;
    if (main.kind === 'put') core.foreseen.expect(key, main.value, summaryOf(core.definition, wanted.object, key));
    const outcome = await core.store.commit(changes);
    if (outcome.kind === 'committed') {
      const object = wanted.object;
      object.metadata.resourceVersion = String(outcome.revision);
      return { kind: wanted.kind === 'put' ? 'written' : 'removed', object };
    }
    if (main.kind === 'put') core.foreseen.forget(key, main.value);
    // G2
    if (outcome.key === key) {
      origin = stored(outcome.current);
      fresh = true;
    }
  }
  throw errors.conflict(core.definition, core.nameOf(key), 'too many writers at once; please try again');
}

async function cached(core: ResourceCore, key: string): Promise<Origin | undefined> {
  const found = await core.cache.get(key, { kind: 'any' });
  if (found.kind !== 'found') return undefined;
  const { bytes, revision } = found.item;
  return { revision, parse: () => JSON.parse(bytes.toString('utf8')) as KubernetesObject };
}

function stored(entry: Entry | undefined): Origin | undefined {
  return entry && { revision: entry.revision, parse: () => decodeObject(entry.value, entry.revision) };
}

async function changesFor(
  core: ResourceCore,
  key: string,
  expect: bigint,
  old: KubernetesObject,
  wanted: Wanted,
): Promise<[Change, ...Change[]]> {
  const further = (await core.definition.strategy.alongside?.(next(wanted), old)) ?? [];
  const main: Change =
    wanted.kind === 'put'
      ? { kind: 'put', key, value: encodeWithLimit(wanted.object), expect }
      : { kind: 'remove', key, expect };
  return [main, ...further];
}

const next = (wanted: Wanted) => (wanted.kind === 'put' ? wanted.object : undefined);

/** etcd refuses requests of 1.5 MiB; what stands alongside needs room too. */
const LARGEST_OBJECT = 1_400_000;

/** An object that is too large with the record of who owns what is stored without it; it loses it in the answer, too. */
export function encodeWithLimit(object: KubernetesObject): Buffer {
  const value = encodeObject(object);
  if (value.length <= LARGEST_OBJECT) return value;
  if (object.metadata.managedFields !== undefined) {
    delete object.metadata.managedFields;
    return encodeWithLimit(object);
  }
  throw errors.requestTooLarge(LARGEST_OBJECT);
}
