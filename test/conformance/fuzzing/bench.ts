import assert from 'node:assert/strict';
import { type Answered, type Exchange, exchangeAs, type Sent, shown } from './exchange.ts';
import { judge } from './judge.ts';
import { sampleOf } from './samples.ts';
import { type FuzzServer, startFuzzServer } from './server.ts';

/**
 * A server with a few objects, and what is kept of the requests that went to it.
 *
 * B1  Every answer is judged (judge.ts), and after each property the server must live and have logged no fault.
 * B2  No request holds the event loop longer than `HELD_MS`. The computer may do so by itself; so a request is blamed only
 *     when it does it three times out of three, sent alone.
 */
export const HELD_MS = 250;
const SUSPECTS = 12;

export const NAMESPACE_OF_EVE = 'eve';
/** What stands in every object of the namespace that nobody but the administrator may see. */
export const CANARY = 'canary-7f3a9';

const BASE: readonly (readonly [collection: string, name: string])[] = [
  ['/apis/torpor.dev/v1alpha1/namespaces/default/virtualmachines', 'web'],
  ['/apis/torpor.dev/v1alpha1/namespaces/default/virtualmachinepools', 'pool'],
  ['/apis/torpor.dev/v1alpha1/hosts', 'n1'],
  ['/api/v1/namespaces/default/configmaps', 'one'],
  ['/api/v1/namespaces/default/secrets', 'one'],
];

export class Bench {
  readonly server: FuzzServer;
  readonly #admin: ReturnType<typeof exchangeAs>;
  readonly #eve: ReturnType<typeof exchangeAs>;
  #slow: { readonly sent: Sent; readonly send: Exchange; readonly tookMs: number }[] = [];
  requests = 0;
  longestHeldMs = 0;

  private constructor(server: FuzzServer, admin: ReturnType<typeof exchangeAs>, eve: ReturnType<typeof exchangeAs>) {
    this.server = server;
    this.#admin = admin;
    this.#eve = eve;
  }

  static async start(): Promise<Bench> {
    const server = await startFuzzServer();
    try {
      const admin = exchangeAs(server, await server.pairOf('fuzz', 'system:masters'));
      const bench = new Bench(server, admin, exchangeAs(server, await server.pairOf('eve')));
      await bench.#furnish();
      await server.held();
      return bench;
    } catch (error) {
      await server.stop();
      throw error;
    }
  }

  /** As the administrator, judged. Undefined when there was no answer. */
  ask(sent: Sent): Promise<Answered | undefined> {
    return this.#ask(sent, this.#admin.send);
  }

  /** As somebody who may do anything in a namespace of her own and nothing elsewhere. */
  askAsEve(sent: Sent): Promise<Answered | undefined> {
    return this.#ask(sent, this.#eve.send);
  }

  async get(path: string, accept = 'application/json'): Promise<Answered> {
    const answered = await this.ask({ method: 'GET', path, headers: { Accept: accept }, body: undefined });
    assert.ok(answered, `GET ${path} had no answer`);
    return answered;
  }

  /** Makes again what a request has deleted. */
  async restore(): Promise<void> {
    for (const [collection, name] of BASE) {
      if ((await this.get(`${collection}/${name}`)).status === 200) continue;
      await this.#create(collection, sampleOf(collection));
    }
  }

  /** B1, B2; how long the event loop was held since the last time. */
  async settle(): Promise<number> {
    assert.ok(this.server.alive, 'the server has ended');
    const heldMs = await this.server.held();
    this.longestHeldMs = Math.max(this.longestHeldMs, heldMs);
    const suspects = this.#slow;
    this.#slow = [];
    if (heldMs > HELD_MS) for (const { sent, send } of suspects) await this.#mustNotHold(sent, send);
    assert.deepEqual(this.server.faults(), []);
    return heldMs;
  }

  async stop(): Promise<void> {
    this.#admin.close();
    this.#eve.close();
    await this.server.stop();
  }

  async #ask(sent: Sent, send: Exchange): Promise<Answered | undefined> {
    const answered = await send(sent);
    this.requests += 1;
    if (answered === undefined) {
      assert.ok(this.server.alive, `the server ended at ${shown(sent)}`);
      return undefined;
    }
    this.#slow.push({ sent, send, tookMs: answered.tookMs });
    if (this.#slow.length > SUSPECTS) {
      this.#slow.sort((a, b) => b.tookMs - a.tookMs);
      this.#slow.pop();
    }
    judge(sent, answered);
    return answered;
  }

  async #mustNotHold(sent: Sent, send: Exchange): Promise<void> {
    let leastMs = Number.POSITIVE_INFINITY;
    for (let time = 0; time < 3 && leastMs > HELD_MS; time += 1) {
      await this.server.held();
      await send(sent);
      leastMs = Math.min(leastMs, await this.server.held());
    }
    assert.ok(leastMs <= HELD_MS, `the event loop is held for ${leastMs.toFixed(0)} ms by ${shown(sent)}`);
  }

  async #create(collection: string, object: object): Promise<void> {
    const body = Buffer.from(JSON.stringify(object));
    const headers = { 'Content-Type': 'application/json' };
    const answered = await this.ask({ method: 'POST', path: collection, headers, body });
    // An object that is going still has its name.
    assert.ok(
      answered?.status === 201 || answered?.status === 409,
      `${collection}: ${answered?.status} ${answered?.text}`,
    );
  }

  async #furnish(): Promise<void> {
    await this.restore();
    const rbac = `/apis/rbac.authorization.k8s.io/v1/namespaces/${NAMESPACE_OF_EVE}`;
    for (const name of [NAMESPACE_OF_EVE, 'walled']) await this.#create('/api/v1/namespaces', { metadata: { name } });
    await this.#create(`${rbac}/roles`, {
      metadata: { name: 'all' },
      rules: [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }],
    });
    await this.#create(`${rbac}/rolebindings`, {
      metadata: { name: 'all' },
      roleRef: { kind: 'Role', name: 'all', apiGroup: 'rbac.authorization.k8s.io' },
      subjects: [{ kind: 'User', name: 'eve', apiGroup: 'rbac.authorization.k8s.io' }],
    });
    const metadata = { name: 'canary', labels: { app: CANARY } };
    await this.#create('/api/v1/namespaces/walled/configmaps', { metadata, data: { a: CANARY } });
    await this.#create('/api/v1/namespaces/walled/secrets', { metadata, stringData: { a: CANARY } });
  }
}
