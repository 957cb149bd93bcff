import type { ITxnRequest } from 'etcd3';
import type { EtcdOptions } from '../options.ts';
import { Channel, FRAME_HEAD, type MemberChoice } from './channel.ts';
import { decodeRange, decodeTxn, encodeRange, encodeTxn, type RangeAnswer, type TxnAnswer } from './messages.ts';

/** In milliseconds since 1970. */
interface CallOptions {
  readonly deadline: number;
}

/**
 * The calls that every write and every fresh read makes: getting one key, and a transaction. Everything rarer (lists,
 * watches, compaction) goes through etcd3. Rejects as Channel does.
 */
export class EtcdKv {
  readonly #channel: Channel;

  constructor(options: Pick<EtcdOptions, 'tls' | 'pingEveryMs' | 'pingTimeoutMs'>, members: MemberChoice) {
    const { tls, pingEveryMs = 10_000, pingTimeoutMs = 5_000 } = options;
    this.#channel = new Channel({ members, ...(tls === undefined ? {} : { tls }), pingEveryMs, pingTimeoutMs });
  }

  async range({ key }: { readonly key: Buffer }, { deadline }: CallOptions): Promise<RangeAnswer> {
    return decodeRange(await this.#channel.call('/etcdserverpb.KV/Range', encodeRange(key, FRAME_HEAD), deadline));
  }

  async txn(request: ITxnRequest, { deadline }: CallOptions): Promise<TxnAnswer> {
    return decodeTxn(await this.#channel.call('/etcdserverpb.KV/Txn', encodeTxn(request, FRAME_HEAD), deadline));
  }

  close(): void {
    this.#channel.close();
  }
}
