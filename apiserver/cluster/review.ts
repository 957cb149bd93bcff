import { retry } from '../../base/backoff.ts';
import type { Client } from '../../openapi/client/client.ts';
import type { ApiObject, Resource } from '../../openapi/client/resources.ts';
import { ConnectionError } from '../../openapi/client/transport.ts';
import { StatusError } from '../../openapi/machinery/errors.ts';

/** kube-apiserver's own: five attempts, half a second after the first, half as long again after each. */
const attempts = 5;
const pauses = { initialMs: 500, maxMs: 5_000, factor: 1.5 };

export type Pauses = typeof pauses;

/**
 * POSTs a review, again and again while the cluster cannot be reached or says that it is overloaded. A review changes
 * nothing, so asking twice is harmless.
 *
 * @throws StatusError or ConnectionError of the last attempt
 */
export function review<T extends ApiObject>(
  client: Client,
  resource: Resource<T>,
  question: T,
  times: Pauses = pauses,
): Promise<T> {
  return retry(() => client.create(resource, question), {
    ...times,
    giveUp: (error, attempt) => attempt + 1 >= attempts || !mayPass(error),
  });
}

function mayPass(error: unknown): boolean {
  if (error instanceof ConnectionError) return true;
  return error instanceof StatusError && (error.code === 429 || error.code >= 500);
}
