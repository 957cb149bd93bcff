import { sleep } from '../../base/backoff.ts';
import type { Logger } from '../../base/log.ts';
import type { Host } from '../../openapi/api.ts';
import type { Client } from '../../openapi/client/client.ts';
import type { EventRecorder } from '../../openapi/client/events.ts';
import { resources } from '../../openapi/client/resources.ts';
import { getCondition, setCondition } from '../../openapi/machine/conditions.ts';

/**
 * Notices hosts whose launcher is gone: each launcher holds a live stream to the API server, and a host without one gets
 * Ready=Unknown, so that nothing is placed there and people see it. Its machines are left alone.
 *
 * H1  One list per `everyMs`; a list that fails says nothing about any host.
 * H2  A host is lost when it had no stream in every look for `lostAfterMs`, the first look being at least that long ago:
 *     a server or a reconciler that has just started judges nobody.
 * H3  A stream that comes back ends it: Ready is what the launcher says from then on, and True until it says something.
 */
export interface HostMonitorParts {
  readonly client: Client;
  readonly events: EventRecorder;
  readonly log: Logger;
  /** Milliseconds: 10,000 and 60,000. */
  readonly everyMs?: number;
  readonly lostAfterMs?: number;
  readonly now?: () => Date;
}

const LOST = 'LauncherLost';

export class HostMonitor {
  readonly #parts: HostMonitorParts;
  readonly #lostAfterMs: number;
  readonly #end = new AbortController();
  /** Since when a host has had no stream, in milliseconds of performance.now(). */
  readonly #silentSince = new Map<string, number>();
  #loop: Promise<void> | undefined;

  constructor(parts: HostMonitorParts) {
    this.#parts = parts;
    this.#lostAfterMs = parts.lostAfterMs ?? 60_000;
  }

  start(): void {
    this.#loop ??= this.#run();
  }

  async stop(): Promise<void> {
    this.#end.abort(new Error('the host monitor is stopping'));
    await this.#loop;
  }

  async #run(): Promise<void> {
    const { signal } = this.#end;
    while (!signal.aborted) {
      try {
        await this.look(signal);
      } catch (error) {
        if (!signal.aborted) this.#parts.log.warn({ err: error }, 'hosts could not be looked at, trying again');
      }
      await sleep(this.#parts.everyMs ?? 10_000, signal).catch(() => undefined);
    }
  }

  /** One look at all hosts. */
  async look(signal: AbortSignal): Promise<void> {
    const { items } = await this.#parts.client.list(resources.hosts, { signal, query: { live: true } });
    const at = performance.now();
    const names = new Set(items.map(({ metadata }) => metadata.name ?? ''));
    for (const name of this.#silentSince.keys()) if (!names.has(name)) this.#silentSince.delete(name);
    for (const host of items) await this.#judge(host, at, signal);
  }

  async #judge(host: Host, at: number, signal: AbortSignal): Promise<void> {
    const name = host.metadata.name ?? '';
    const ready = getCondition(host.status?.conditions, 'Ready');
    if (host.status?.live?.connected) {
      this.#silentSince.delete(name);
      if (ready?.reason !== LOST) return;
      this.#parts.log.info({ host: name }, 'the launcher is back');
      await this.#write(host, 'True', 'LauncherConnected', 'the launcher is connected again', signal);
      return;
    }
    const since = this.#silentSince.get(name) ?? at;
    this.#silentSince.set(name, since);
    if (at - since < this.#lostAfterMs || !ready || ready.status === 'Unknown') return;
    const message = `the launcher of the host has had no connection to the API server for ${Math.round(this.#lostAfterMs / 1000)} s; look at its process and its log on the host`;
    this.#parts.log.warn({ host: name }, 'the launcher is lost');
    this.#parts.events.record(resources.hosts, host, 'Warning', LOST, message);
    await this.#write(host, 'Unknown', LOST, message, signal);
  }

  async #write(
    host: Host,
    status: 'True' | 'Unknown',
    reason: string,
    message: string,
    signal: AbortSignal,
  ): Promise<void> {
    const now = (this.#parts.now ?? (() => new Date()))();
    const conditions = [...setCondition(host.status?.conditions, { type: 'Ready', status, reason, message }, now)];
    await this.#parts.client.updateStatus(
      resources.hosts,
      { ...host, status: { ...host.status, conditions } },
      { signal },
    );
  }
}
