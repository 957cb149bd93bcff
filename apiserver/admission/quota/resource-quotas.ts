/**
 * ResourceQuota of the host cluster: the number of objects of a kind in a namespace (count/<plural>.<group>).
 *
 * Q1  There are never more objects than a quota has room for: each is charged before it is stored, by compare-and-swap
 *     on the quota's status. The cluster's quota controller counts what there is and gives room back when objects go.
 * Q2  Requests of one namespace that wait at once are charged together, in order: one write for each quota.
 * Q3  Nobody is refused because of a copy that may be old: a refusal counts when it was decided from the cluster itself.
 * Q4  A dry run is checked and not charged.
 * Q5  What was charged for an object that was not stored is given back, but only while nobody has written the quota
 *     since: then the controller may have counted already, and taking off once more would leave room that is not there.
 * Q6  A quota that has not been counted yet refuses, as does one that cannot be written.
 */
import type { Client } from '../../../openapi/client/client.ts';
import type { Informer } from '../../../openapi/client/informer.ts';
import { errors, isError } from '../../../openapi/machinery/errors.ts';
import {
  addQuantities,
  compareQuantities,
  formatQuantity,
  parseQuantity,
} from '../../../openapi/machinery/quantity.ts';
import { type ResourceQuota, resourceQuotas } from '../kinds.ts';
import type { AdmissionRequest, Withdraw } from '../request.ts';
import { whenSynced } from '../synced.ts';

interface Waiter {
  readonly request: AdmissionRequest;
  /** count/virtualmachines.torpor.dev */
  readonly counted: string;
  /** Quotas as they stand since this waiter was charged. */
  readonly charged: ResourceQuota[];
  refused: Error | undefined;
  readonly settle: () => void;
}

export const BY_NAMESPACE = { namespace: ({ metadata }: ResourceQuota) => [metadata.namespace ?? ''] };

const ATTEMPTS = 12;
const CALL_MS = 5_000;

export class ResourceQuotas {
  readonly #informer: Informer<ResourceQuota>;
  readonly #client: Client;
  readonly #waiting = new Map<string, Waiter[]>();
  /** Quotas as we wrote them, until the informer has seen that. */
  readonly #written = new Map<string, ResourceQuota>();

  /** The informer has the index BY_NAMESPACE. */
  constructor(informer: Informer<ResourceQuota>, client: Client) {
    this.#informer = informer;
    this.#client = client;
    informer.onKey((key) => this.#written.delete(key));
  }

  /** Only new objects count. @throws StatusError 403 when a quota has no room, 503 when it cannot be charged. */
  async charge(request: AdmissionRequest): Promise<Withdraw | undefined> {
    const { operation, subresource, namespace, resource } = request;
    if (operation !== 'CREATE' || subresource !== '' || namespace === '') return undefined;
    await whenSynced(this.#informer);
    const counted = `count/${resource.resource}.${resource.group}`;
    if (this.#limiting(namespace, counted).length === 0) return undefined;
    const waiter = await new Promise<Waiter>((resolve) => {
      const queue = this.#waiting.get(namespace);
      const one: Waiter = { request, counted, charged: [], refused: undefined, settle: () => resolve(one) };
      // Q2: whoever finds a queue is taken along by its next round.
      if (queue !== undefined) queue.push(one);
      else void this.#serve(namespace, one);
    });
    if (waiter.refused !== undefined) throw waiter.refused;
    if (request.signal.aborted) {
      // It may not have been charged, so it must not go on.
      await this.#giveBack(waiter);
      throw request.signal.reason;
    }
    return waiter.charged.length === 0 ? undefined : () => this.#giveBack(waiter);
  }

  async #serve(namespace: string, first: Waiter): Promise<void> {
    let round = [first];
    while (round.length > 0) {
      this.#waiting.set(namespace, []);
      await this.#chargeAll(namespace, round);
      for (const waiter of round) waiter.settle();
      round = this.#waiting.get(namespace) ?? [];
    }
    this.#waiting.delete(namespace);
  }

  /** Refusals and failures are noted with each waiter; nothing is thrown. */
  async #chargeAll(namespace: string, round: readonly Waiter[]): Promise<void> {
    const quotas = new Set(round.flatMap(({ counted }) => this.#limiting(namespace, counted).map(nameOf)));
    for (const name of [...quotas].sort()) {
      const open = round.filter(({ refused, request }) => refused === undefined && !request.signal.aborted);
      try {
        await this.#chargeOne(namespace, name, open);
      } catch (error) {
        const why = `resource quota ${JSON.stringify(name)} could not be charged: ${(error as Error).message}`;
        for (const waiter of open) waiter.refused ??= errors.serviceUnavailable(why, 1);
      }
    }
    for (const waiter of round) if (waiter.refused !== undefined) await this.#giveBack(waiter);
  }

  async #chargeOne(namespace: string, name: string, waiters: readonly Waiter[]): Promise<void> {
    const key = `${namespace}/${name}`;
    let quota = this.#written.get(key) ?? this.#informer.get(key);
    let fresh = false;
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      if (quota === undefined) {
        quota = await this.#read(namespace, name);
        fresh = true;
        // The quota is gone, and with it the limit.
        if (quota === undefined) return;
      }
      const { used, charged, refused } = decide(quota, waiters);
      // Q3
      if (refused.size > 0 && !fresh) {
        quota = undefined;
        continue;
      }
      if (charged.length === 0) {
        for (const [waiter, why] of refused) waiter.refused = why;
        return;
      }
      const next = { ...quota, status: { ...quota.status, used } };
      try {
        const written = await this.#client.updateStatus(resourceQuotas, next, { deadlineMs: CALL_MS });
        this.#written.set(key, written);
        for (const [waiter, why] of refused) waiter.refused = why;
        for (const waiter of charged) waiter.charged.push(written);
        return;
      } catch (error) {
        if (!isError(error, 'conflict') && !isError(error, 'notFound')) throw error;
        this.#written.delete(key);
        quota = undefined;
      }
    }
    throw new Error('too many others write it at once');
  }

  async #read(namespace: string, name: string): Promise<ResourceQuota | undefined> {
    try {
      return await this.#client.get(resourceQuotas, { namespace, name }, { deadlineMs: CALL_MS });
    } catch (error) {
      if (isError(error, 'notFound')) return undefined;
      throw error;
    }
  }

  /** Q5 */
  async #giveBack({ charged, counted }: Waiter): Promise<void> {
    for (const quota of charged.splice(0)) {
      const used = { ...quota.status?.used, [counted]: plus(quota.status?.used?.[counted], -1) };
      const key = `${quota.metadata.namespace}/${quota.metadata.name}`;
      try {
        const next = { ...quota, status: { ...quota.status, used } };
        this.#written.set(key, await this.#client.updateStatus(resourceQuotas, next, { deadlineMs: CALL_MS }));
      } catch {
        // Somebody has written it since, or the cluster is away: its controller counts again.
        this.#written.delete(key);
      }
    }
  }

  /** Quotas with scopes are about pods and the like. */
  #limiting(namespace: string, counted: string): ResourceQuota[] {
    return this.#informer
      .byIndex('namespace', namespace)
      .filter(
        ({ spec, status }) =>
          spec?.scopeSelector === undefined &&
          (spec?.scopes ?? []).length === 0 &&
          status?.hard !== undefined &&
          Object.hasOwn(status.hard, counted),
      );
  }
}

const nameOf = ({ metadata }: ResourceQuota) => metadata.name ?? '';

const plus = (value: string | undefined, more: 1 | -1): string =>
  formatQuantity(addQuantities(parseQuantity(value ?? '0'), parseQuantity(more)));

/** Who finds room, in order, and what is used then. */
function decide(quota: ResourceQuota, waiters: readonly Waiter[]) {
  const used: Record<string, string> = { ...quota.status?.used };
  const charged: Waiter[] = [];
  const refused = new Map<Waiter, Error>();
  const name = nameOf(quota);
  for (const waiter of waiters) {
    const { counted, request } = waiter;
    const limit = quota.status?.hard?.[counted];
    if (limit === undefined) continue;
    const { group, resource: plural } = request.resource;
    const forbid = (why: string) => refused.set(waiter, errors.notAdmitted({ group, plural }, request.name, why));
    const now = used[counted];
    if (now === undefined) {
      forbid(`status unknown for quota: ${name}, resources: ${counted}`);
      continue;
    }
    const after = plus(now, 1);
    if (compareQuantities(parseQuantity(after), parseQuantity(limit)) > 0) {
      forbid(`exceeded quota: ${name}, requested: ${counted}=1, used: ${counted}=${now}, limited: ${counted}=${limit}`);
      continue;
    }
    // Q4
    if (request.dryRun) continue;
    used[counted] = after;
    charged.push(waiter);
  }
  return { used, charged, refused };
}
