import type { Metrics } from '../../base/metrics.ts';
import type { KubernetesObject } from '../../openapi/machinery/object.ts';
import type { AdmissionChain, AdmissionRequest, Withdraw } from './request.ts';

/** The host cluster's rules, each already made. */
export interface ChainParts {
  readonly mutatingWebhooks: (request: AdmissionRequest) => Promise<KubernetesObject | undefined>;
  readonly policies: (request: AdmissionRequest) => Promise<void>;
  readonly validatingWebhooks: (request: AdmissionRequest) => Promise<void>;
  readonly quota: (request: AdmissionRequest) => Promise<Withdraw | undefined>;
  readonly metrics: Metrics;
}

const buckets = [0.005, 0.025, 0.1, 0.5, 1, 2.5];

/**
 * The order of kube-apiserver. That the namespace stays is the registry's own rule and comes before all of this; a quota
 * is charged last, for what nothing else refuses.
 */
export function createAdmissionChain(parts: ChainParts): AdmissionChain {
  const timed = timer(parts.metrics);
  return {
    mutate: (request) => timed('MutatingAdmissionWebhook', 'admit', request, parts.mutatingWebhooks),
    async validate(request) {
      await timed('ValidatingAdmissionPolicy', 'validate', request, parts.policies);
      await timed('ValidatingAdmissionWebhook', 'validate', request, parts.validatingWebhooks);
      return timed('ResourceQuota', 'validate', request, parts.quota);
    },
  };
}

function timer(metrics: Metrics) {
  const seconds = metrics.histogram<'name' | 'type' | 'operation' | 'rejected'>({
    name: 'apiserver_admission_controller_admission_duration_seconds',
    help: 'Seconds of each part of admission.',
    labels: { name: [], type: [], operation: [], rejected: [] },
    buckets,
  });
  return async <T>(
    name: string,
    type: 'admit' | 'validate',
    request: AdmissionRequest,
    work: (request: AdmissionRequest) => Promise<T>,
  ): Promise<T> => {
    const started = performance.now();
    let rejected = 'true';
    try {
      const result = await work(request);
      rejected = 'false';
      return result;
    } finally {
      const labels = { name, type, operation: request.operation, rejected };
      seconds.observe(labels, (performance.now() - started) / 1000);
    }
  };
}
