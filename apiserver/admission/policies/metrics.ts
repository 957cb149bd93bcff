import type { Metrics } from '../../../base/metrics.ts';

export interface PolicyMetrics {
  failed(policy: string, binding: string, action: string): void;
}

const enforced: Readonly<Record<string, string>> = { Deny: 'deny', Warn: 'warn', Audit: 'audit' };

/** kube-apiserver's name and labels; what passes is not counted. */
export function policyMetrics(metrics: Metrics): PolicyMetrics {
  const total = metrics.counter<'policy' | 'policy_binding' | 'enforcement_action' | 'error_type'>({
    name: 'apiserver_validating_admission_policy_check_total',
    help: 'Validations of ValidatingAdmissionPolicies that failed, by what was done about it.',
    labels: { policy: [], policy_binding: [], enforcement_action: [], error_type: [] },
  });
  return {
    failed: (policy, policy_binding, action) =>
      total.inc({ policy, policy_binding, enforcement_action: enforced[action] ?? 'deny', error_type: 'no_error' }),
  };
}
