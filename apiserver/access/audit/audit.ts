import type { Metrics } from '../../../base/metrics.ts';
import type { LogFile } from './log-file.ts';
import { levels, type Policy, planOf } from './policy.ts';
import { AuditRecord, type Recorded } from './record.ts';

/** Who did what: decides for each request whether it is written down, and hands its lines to the log. */
export interface Audit {
  /** Undefined when the policy wants nothing of this request. */
  record(recorded: Recorded): AuditRecord | undefined;
  /** Undefined when there is room for another event now; else wait before working on a request that has a record; throws its end. */
  room(request: { readonly signal: AbortSignal }): Promise<void> | undefined;
  close(): Promise<void>;
}

/** Takes lines in order, and says when it cannot take more. */
export type AuditLog = Pick<LogFile, 'add' | 'room' | 'close'>;

export function createAudit(policy: Policy, log: AuditLog, metrics: AuditMetrics): Audit {
  return {
    record(recorded) {
      const plan = planOf(policy, recorded.info, recorded.user);
      metrics.requests.inc({ level: plan.level });
      if (plan.level === 'None') return undefined;
      return new AuditRecord(recorded, plan, (line) => {
        metrics.events.inc();
        log.add(line);
      });
    },
    room: (request) => log.room(request),
    close: () => log.close(),
  };
}

export type AuditMetrics = ReturnType<typeof auditMetrics>;

/** Named as kube-apiserver's. */
export function auditMetrics(metrics: Metrics) {
  return {
    events: metrics.counter({
      name: 'apiserver_audit_event_total',
      help: 'Audit events that were written or are about to be.',
      labels: {},
    }),
    lost: metrics.counter<'plugin'>({
      name: 'apiserver_audit_error_total',
      help: 'Audit events that could not be written.',
      labels: { plugin: ['log'] },
    }),
    requests: metrics.counter<'level'>({
      name: 'apiserver_audit_level_total',
      help: 'Requests by the level that the audit policy has for them.',
      labels: { level: levels },
    }),
  };
}
