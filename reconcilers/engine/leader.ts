import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { sleep } from '../../base/backoff.ts';
import type { Logger } from '../../base/log.ts';
import type { Lease } from '../../openapi/api.ts';
import type { Client } from '../../openapi/client/client.ts';
import { resources } from '../../openapi/client/resources.ts';
import { isError } from '../../openapi/machinery/errors.ts';

/**
 * Election of one leader among replicas by a Lease, as client-go does it.
 *
 * E1  At most one process leads: a leader counts itself out `renewDeadlineMs` after it *sent* its last successful
 *     renewal, and nobody takes a lease over before `leaseMs` have passed since they *saw* it change; renewDeadlineMs
 *     is the smaller one. No clock is compared with another one's.
 * E2  Every write carries the resourceVersion that was read, so of two candidates one is refused.
 * E3  Leadership that is lost never comes back to the same object: `lost` aborts once, and the process is expected to
 *     end, because what it had begun is no longer its own.
 * E4  release() gives the lease up so that the next one need not wait; it never takes it from another.
 * E5  Candidates and leaders ask once per `retryMs`; nothing else runs.
 */
export interface LeaderOptions {
  readonly namespace: string;
  readonly name: string;
  readonly log: Logger;
  /** Unique per process; host name and a UUID when absent. */
  readonly identity?: string;
  /** Milliseconds: 15,000, 10,000 and 3,000. */
  readonly leaseMs?: number;
  readonly renewDeadlineMs?: number;
  readonly retryMs?: number;
}

export class Leader {
  readonly identity: string;
  readonly #client: Client;
  readonly #options: LeaderOptions;
  readonly #leaseMs: number;
  readonly #renewDeadlineMs: number;
  readonly #retryMs: number;
  readonly #lost = new AbortController();
  readonly #end = new AbortController();
  /** What this process saw last of the lease, and when by its own clock (E1). */
  #seen: { readonly version: string; readonly at: number } | undefined;
  #renewing: Promise<void> | undefined;

  constructor(client: Client, options: LeaderOptions) {
    this.#client = client;
    this.#options = options;
    this.identity = options.identity ?? `${hostname()}_${randomUUID()}`;
    this.#leaseMs = options.leaseMs ?? 15_000;
    this.#renewDeadlineMs = options.renewDeadlineMs ?? 10_000;
    this.#retryMs = options.retryMs ?? 3_000;
    if (this.#renewDeadlineMs >= this.#leaseMs) throw new Error('renewDeadlineMs must be below leaseMs (E1)');
  }

  /** Aborts when leadership is lost (E3). */
  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  /** Resolves when this process leads; rejects with the signal's reason. Renews from then on. */
  async acquire(signal: AbortSignal): Promise<void> {
    let waiting = false;
    for (;;) {
      const sent = performance.now();
      try {
        const holder = await this.#try(signal);
        if (holder === this.identity) {
          this.#options.log.info({ identity: this.identity }, 'leading');
          this.#renewing = this.#renew(sent);
          return;
        }
        if (!waiting) this.#options.log.info({ holder }, 'another replica leads, waiting');
        waiting = true;
      } catch (error) {
        signal.throwIfAborted();
        if (!isError(error, 'conflict')) this.#options.log.warn({ err: error }, 'the lease could not be read or taken');
      }
      await sleep(this.#retryMs, signal);
    }
  }

  async release(): Promise<void> {
    this.#end.abort(new Error('released'));
    await this.#renewing;
    if (!this.#renewing || this.#lost.signal.aborted) return;
    this.#renewing = undefined;
    try {
      const lease = await this.#client.get(resources.leases, this.#reference, { deadlineMs: 3000 });
      if (lease.spec?.holderIdentity !== this.identity) return;
      lease.spec = { ...lease.spec, holderIdentity: '', leaseDurationSeconds: 1, renewTime: microTime() };
      await this.#client.update(resources.leases, lease, { deadlineMs: 3000 });
    } catch (error) {
      this.#options.log.warn({ err: error }, 'the lease could not be released, the next leader waits for its end');
    }
  }

  get #reference() {
    return { namespace: this.#options.namespace, name: this.#options.name };
  }

  async #renew(acquired: number): Promise<void> {
    let renewed = acquired;
    while (!this.#end.signal.aborted) {
      const left = renewed + this.#renewDeadlineMs - performance.now();
      try {
        await sleep(Math.max(0, Math.min(this.#retryMs, left)), this.#end.signal);
      } catch {
        return;
      }
      const sent = performance.now();
      if (sent - renewed >= this.#renewDeadlineMs) return this.#lose('the lease could not be renewed in time');
      try {
        const deadlineMs = Math.max(1, Math.ceil(renewed + this.#renewDeadlineMs - sent));
        const holder = await this.#try(this.#end.signal, deadlineMs);
        if (holder !== this.identity) return this.#lose(`the lease was taken by ${holder}`);
        renewed = sent;
      } catch (error) {
        if (this.#end.signal.aborted) return;
        this.#options.log.warn({ err: error }, 'the lease was not renewed, trying again');
      }
    }
  }

  #lose(why: string): void {
    this.#options.log.error({ identity: this.identity }, why);
    this.#lost.abort(new Error(why));
  }

  /** Takes or renews the lease if that is allowed; answers who holds it afterwards. */
  async #try(signal: AbortSignal, deadlineMs = this.#retryMs * 2): Promise<string> {
    const call = { signal, deadlineMs };
    const now = microTime();
    const duration = Math.ceil(this.#leaseMs / 1000);
    let lease: Lease;
    try {
      lease = await this.#client.get(resources.leases, this.#reference, call);
    } catch (error) {
      if (!isError(error, 'notFound')) throw error;
      const created = await this.#client.create(
        resources.leases,
        {
          apiVersion: 'coordination.k8s.io/v1',
          kind: 'Lease',
          metadata: { ...this.#reference },
          spec: {
            holderIdentity: this.identity,
            leaseDurationSeconds: duration,
            acquireTime: now,
            renewTime: now,
            leaseTransitions: 0,
          },
        },
        call,
      );
      return created.spec?.holderIdentity ?? '';
    }
    const version = lease.metadata.resourceVersion ?? '';
    if (this.#seen?.version !== version) this.#seen = { version, at: performance.now() };
    const holder = lease.spec?.holderIdentity ?? '';
    const mine = holder === this.identity;
    // The holder's own word counts for how long its lease lasts, this process' clock for how long it has been (E1).
    const lasts = Math.max((lease.spec?.leaseDurationSeconds ?? duration) * 1000, 1000);
    const free = holder === '' || performance.now() - this.#seen.at >= lasts;
    if (!mine && !free) return holder;
    const transitions = (lease.spec?.leaseTransitions ?? 0) + (mine ? 0 : 1);
    const acquireTime = mine ? (lease.spec?.acquireTime ?? now) : now;
    lease.spec = {
      ...lease.spec,
      holderIdentity: this.identity,
      leaseDurationSeconds: duration,
      acquireTime,
      renewTime: now,
      leaseTransitions: transitions,
    };
    const updated = await this.#client.update(resources.leases, lease, call);
    this.#seen = { version: updated.metadata.resourceVersion ?? '', at: performance.now() };
    return this.identity;
  }
}

/** Kubernetes' MicroTime: six digits. */
function microTime(): string {
  return new Date().toISOString().replace('Z', '000Z');
}
