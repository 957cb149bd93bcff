import type { Etcd3 } from 'etcd3';
import { makeClient } from './client.ts';
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
 * N1  Calls share one client, which asks the members in any order and leaves out those that do not answer (members.ts).
 * N2  A watch stream has a connection of its own, to one member. A member that has lost its leader ends it: a member that
 *     is cut off from the others would else stay silent for ever.
 * N3  `use` makes new certificates those of all connections to come, calls included; open watches go on as they are.
 */
export class EtcdConnections {
  readonly #options: EtcdOptions;
  readonly #members: Members;
  #tls: EtcdOptions['tls'];
  #client: Etcd3;
  readonly #retired = new Map<Etcd3, NodeJS.Timeout>();

  constructor(options: EtcdOptions) {
    this.#options = options;
    this.#tls = options.tls;
    this.#members = new Members(options.servers);
    this.#client = this.#make();
  }

  get client(): Etcd3 {
    return this.#client;
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
    const old = this.#client;
    this.#client = this.#make();
    const close = (): void => {
      old.close();
      this.#retired.delete(old);
    };
    this.#retired.set(old, setTimeout(close, LONGEST_CALL_MS).unref());
  }

  close(): void {
    this.#client.close();
    for (const [client, timer] of this.#retired) {
      clearTimeout(timer);
      client.close();
    }
  }

  #make(): Etcd3 {
    return makeClient(this.#settings(), this.#members);
  }

  #settings(): EtcdOptions {
    const { tls: _old, ...rest } = this.#options;
    return this.#tls === undefined ? rest : { ...rest, tls: this.#tls };
  }
}

/** Longer than any call's deadline. */
const LONGEST_CALL_MS = 60_000;
