import type { Etcd3 } from 'etcd3';
import { makeClient } from './client.ts';
import { EtcdKv } from './kv/kv.ts';
import { Members } from './members.ts';
import type { EtcdOptions } from './options.ts';

/** One member's connection for one watch stream. */
export interface StreamConnection {
  readonly client: Etcd3;
  /** Closes it. `failed`: the member is to blame, so that the next stream goes to another one. */
  end(failed: boolean): void;
}

/**
 * The connections to etcd.
 *
 * N1  Calls share one client, which asks the members in any order and leaves out those that do not answer (members.ts);
 *     gets and transactions share one connection to one of them beside it (kv/channel.ts).
 * N2  A watch stream has a connection of its own, to one member. A member that has lost its leader ends it: a member that
 *     is cut off from the others would else stay silent for ever.
 * N3  `use` makes new certificates those of all connections to come, calls included; open watches go on as they are.
 */
export class EtcdConnections {
  readonly #options: EtcdOptions;
  readonly #members: Members;
  #tls: EtcdOptions['tls'];
  #calls: Calls;
  readonly #retired = new Map<Calls, NodeJS.Timeout>();

  constructor(options: EtcdOptions) {
    this.#options = options;
    this.#tls = options.tls;
    this.#members = new Members(options.servers);
    this.#calls = this.#make();
  }

  get client(): Etcd3 {
    return this.#calls.client;
  }

  get kv(): EtcdKv {
    return this.#calls.kv;
  }

  forStream(): StreamConnection {
    const server = this.#members.pick();
    const client = makeClient({ ...this.#settings(), servers: [server] }, undefined, true);
    return {
      client,
      end: (failed) => {
        if (failed) this.#members.failed(server);
        client.close();
      },
    };
  }

  /** N3. Calls that are under way end on the old connections. */
  use(tls: NonNullable<EtcdOptions['tls']>): void {
    this.#tls = tls;
    const old = this.#calls;
    this.#calls = this.#make();
    const close = (): void => {
      closeCalls(old);
      this.#retired.delete(old);
    };
    this.#retired.set(old, setTimeout(close, LONGEST_CALL_MS).unref());
  }

  close(): void {
    closeCalls(this.#calls);
    for (const [calls, timer] of this.#retired) {
      clearTimeout(timer);
      closeCalls(calls);
    }
  }

  #make(): Calls {
    const settings = this.#settings();
    return { client: makeClient(settings, this.#members), kv: new EtcdKv(settings, this.#members) };
  }

  #settings(): EtcdOptions {
    const { tls: _old, ...rest } = this.#options;
    return this.#tls === undefined ? rest : { ...rest, tls: this.#tls };
  }
}

interface Calls {
  readonly client: Etcd3;
  readonly kv: EtcdKv;
}

function closeCalls({ client, kv }: Calls): void {
  client.close();
  kv.close();
}

/** Longer than any call's deadline. */
const LONGEST_CALL_MS = 60_000;
