import type { IKeyValue } from 'etcd3';
import type { Entry } from '../store.ts';

/**
 * The entry of a key-value pair. The value is copied: what the decoder gives is a view of the whole message, and one entry
 * that is kept would keep a page of 500 alive.
 */
export function toEntry(key: string, pair: IKeyValue): Entry {
  const value = Buffer.allocUnsafeSlow(pair.value.length);
  pair.value.copy(value);
  return { key, value, revision: BigInt(pair.mod_revision) };
}

/**
 * The same without a copy, for lists: whoever keeps one keeps its page. The cache makes bytes of its own of every entry, so
 * a copy here would be thrown away at once.
 */
export function viewOfEntry(key: string, pair: IKeyValue): Entry {
  return { key, value: pair.value, revision: BigInt(pair.mod_revision) };
}
