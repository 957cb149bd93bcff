import type { Metrics } from '../../../base/metrics.ts';
import type { Operation } from '../request.ts';

export type WebhookType = 'admit' | 'validating';
export type RejectionCause = 'no_error' | 'calling_webhook_error' | 'apiserver_internal_error';

/** Names and labels of kube-apiserver. */
export interface WebhookMetrics {
  called(hook: string, type: WebhookType, operation: Operation, seconds: number, rejected: boolean, code: number): void;
  rejected(hook: string, type: WebhookType, operation: Operation, cause: RejectionCause, code: number): void;
  failedOpen(hook: string, type: WebhookType): void;
}

const buckets = [0.005, 0.025, 0.1, 0.5, 1, 2.5, 10, 25];

export function webhookMetrics(metrics: Metrics): WebhookMetrics {
  const shape = { name: [], type: [], operation: [], rejected: [] };
  const duration = metrics.histogram<'name' | 'type' | 'operation' | 'rejected'>({
    name: 'apiserver_admission_webhook_admission_duration_seconds',
    help: 'Seconds that calls of admission webhooks took.',
    labels: shape,
    buckets,
  });
  const requests = metrics.counter<'name' | 'type' | 'operation' | 'rejected' | 'code'>({
    name: 'apiserver_admission_webhook_request_total',
    help: 'Calls of admission webhooks by HTTP code; 600 stands for none.',
    labels: { ...shape, code: [] },
  });
  const rejections = metrics.counter<'name' | 'type' | 'operation' | 'error_type' | 'rejection_code'>({
    name: 'apiserver_admission_webhook_rejection_count',
    help: 'Requests that a webhook refused, or that were refused because it could not be asked.',
    labels: { name: [], type: [], operation: [], error_type: [], rejection_code: [] },
  });
  const open = metrics.counter<'name' | 'type'>({
    name: 'apiserver_admission_webhook_fail_open_count',
    help: 'Requests that went on although a webhook could not be asked (failurePolicy Ignore).',
    labels: { name: [], type: [] },
  });
  return {
    called(name, type, operation, seconds, rejected, code) {
      const labels = { name, type, operation, rejected: String(rejected) };
      duration.observe(labels, seconds);
      requests.inc({ ...labels, code: String(code === 0 ? 600 : code) });
    },
    rejected(name, type, operation, error_type, code) {
      rejections.inc({ name, type, operation, error_type, rejection_code: String(code) });
    },
    failedOpen: (name, type) => open.inc({ name, type }),
  };
}
