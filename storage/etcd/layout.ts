import { compareKeys } from '../keys.ts';

/**
 * Where things stand in etcd. With the prefix "/torpor.dev" the entry "/virtualmachines/default/web" has the etcd key
 * "/torpor.dev/virtualmachines/default/web". Four keys are the store's own; they sort before all entries and inside the
 * range that is watched:
 *
 *   /torpor.dev/!compaction  when and up to where history was last forgotten (compactor.ts)
 *   /torpor.dev/!fence       moved to make sure that a lost write cannot come any more (lost-answer.ts)
 *   /torpor.dev/!raise       written to move the revision (raise.ts)
 *   /torpor.dev/!revision    put by every transaction; its value is the id of that write
 */
export class Layout {
  readonly revisionKey: Buffer;
  readonly fenceKey: Buffer;
  readonly compactionKey: Buffer;
  readonly raiseKey: Buffer;
  /** Everything, with the store's own keys. */
  readonly all: KeyRange;
  readonly #prefix: string;

  /** `prefix`: "/" and a name; several stores share one etcd when no prefix is the beginning of another plus "/". */
  constructor(prefix: string) {
    const clean = prefix.replace(/\/+$/, '');
    if (!/^\/[^/]/.test(clean)) throw new TypeError(`the etcd prefix ${JSON.stringify(prefix)} must be "/" and a name`);
    this.#prefix = clean;
    this.revisionKey = Buffer.from(`${clean}/!revision`);
    this.fenceKey = Buffer.from(`${clean}/!fence`);
    this.compactionKey = Buffer.from(`${clean}/!compaction`);
    this.raiseKey = Buffer.from(`${clean}/!raise`);
    this.all = { key: Buffer.from(`${clean}/`), range_end: endOf(`${clean}/`) };
  }

  key(key: string): Buffer {
    return Buffer.from(this.#prefix + key);
  }

  /** The entries under a prefix, strictly after a key. */
  range(prefix: string, after: string | undefined): KeyRange {
    // "!" is the last character that only the store's own keys begin with.
    const first = prefix === '/' ? `${this.#prefix}/"` : this.#prefix + prefix;
    const start = after === undefined || compareKeys(after, prefix) < 0 ? first : `${this.#prefix}${after}\0`;
    return { key: Buffer.from(start), range_end: endOf(this.#prefix + prefix) };
  }

  /** The entry's key, or undefined for the store's own keys. */
  name(key: Buffer): string | undefined {
    const name = key.toString('utf8', Buffer.byteLength(this.#prefix));
    return name.startsWith('/!') ? undefined : name;
  }
}

/** As etcd's requests name it: from `key` (inclusive) to `range_end` (exclusive). */
export interface KeyRange {
  readonly key: Buffer;
  readonly range_end: Buffer;
}

/** The first key behind all those with this prefix. The prefix ends in a byte below 0xff: UTF-8 has no such byte. */
function endOf(prefix: string): Buffer {
  const end = Buffer.from(prefix);
  end.writeUInt8(end.readUInt8(end.length - 1) + 1, end.length - 1);
  return end;
}
