import type { Informer } from '../../openapi/client/informer.ts';
import type { ApiObject } from '../../openapi/client/resources.ts';
import { errors } from '../../openapi/machinery/errors.ts';

/** Milliseconds that a write waits for the cluster's rules to be known. */
const PATIENCE_MS = 5_000;

/** @throws StatusError 503 when a followed kind is still not known: no rule is passed over because it has not come yet. */
export async function whenSynced<T extends ApiObject>(informer: Informer<T>, patienceMs = PATIENCE_MS): Promise<void> {
  if (informer.synced) return;
  await waitFor(informer.resource.plural, (signal) => informer.whenSynced(signal), patienceMs);
}

/** The same for anything that becomes known once. */
export async function waitFor(
  what: string,
  known: (signal: AbortSignal) => Promise<unknown>,
  patienceMs = PATIENCE_MS,
): Promise<void> {
  const patience = new AbortController();
  const timer = setTimeout(() => patience.abort(), patienceMs);
  try {
    await known(patience.signal);
  } catch (error) {
    if (!patience.signal.aborted) throw error;
    throw errors.serviceUnavailable(`not yet ready to handle request: the host cluster's ${what} are not known yet`, 1);
  } finally {
    clearTimeout(timer);
  }
}
