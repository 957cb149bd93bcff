import type { AdmissionRequest } from '../request.ts';
import type { Hook } from './hooks.ts';
import { ask, isWanted, type WebhookParts } from './parts.ts';

/**
 * Validating webhooks: all that want to see the request are asked at once about the same object. Any refusal is one;
 * of several the client is told that of the first in order.
 */
export function createValidatingWebhooks(parts: WebhookParts) {
  return async (request: AdmissionRequest): Promise<void> => {
    const wanted: Hook[] = [];
    for (const hook of parts.hooks()) if (await isWanted(hook, request, parts)) wanted.push(hook);
    const outcomes = await Promise.all(wanted.map((hook) => ask(hook, 'validating', request, parts)));
    for (const [index, outcome] of outcomes.entries()) {
      if (outcome.kind === 'refused') throw outcome.error;
      if (outcome.kind === 'failed open') {
        const key = `failed-open.validating.webhook.admission.k8s.io/round_0_index_${index}`;
        request.annotate(key, wanted[index]?.webhook.name ?? '');
      }
    }
  };
}
