import type { Event } from '../../../openapi/api.ts';
import { isError } from '../../../openapi/machinery/errors.ts';
import { internalWrite } from '../../registry/internal-write.ts';
import type { ResourceStore } from '../../registry/store.ts';
import { lastSeen } from './definition.ts';

/** How long an event is kept after it happened last: kube-apiserver's --event-ttl. */
export const EVENT_LIFETIME_MS = 60 * 60_000;

/**
 * Deletes events that are older than their lifetime. Each is deleted only as it was seen, so one that happened again
 * meanwhile stays. Several servers may do this at once.
 * @returns how many were deleted.
 */
export async function expireEvents(events: ResourceStore, now: Date, signal: AbortSignal): Promise<number> {
  const selection = { everything: true, name: undefined, matches: () => true };
  const page = await events.list({ namespace: '', show: { kind: 'any' }, limit: 0, after: '', selection });
  const context = internalWrite(events.core.definition, 'delete', signal);
  let deleted = 0;
  for (const item of page.items) {
    signal.throwIfAborted();
    const event = item.object as unknown as Event;
    const seen = lastSeen(event) ?? event.metadata.creationTimestamp;
    if (!seen || now.getTime() - Date.parse(seen) <= EVENT_LIFETIME_MS) continue;
    const { name = '', namespace = '' } = event.metadata;
    const preconditions = { resourceVersion: String(item.revision) };
    try {
      await events.delete(name, context, { namespace, dryRun: false, propagation: undefined, preconditions });
      deleted += 1;
    } catch (error) {
      if (!isError(error, 'notFound') && !isError(error, 'conflict')) throw error;
    }
  }
  return deleted;
}
