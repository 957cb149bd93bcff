import { readFile } from 'node:fs/promises';
import type { FlagValues } from '../../base/flags.ts';
import type { Logger } from '../../base/log.ts';
import type { Metrics } from '../../base/metrics.ts';
import { type Audit, auditMetrics, createAudit } from '../access/audit/audit.ts';
import { LogFile } from '../access/audit/log-file.ts';
import { readPolicy } from '../access/audit/read-policy.ts';
import type { apiserverFlags } from './flags.ts';

/** The audit log as the flags want it; undefined when they want none. @throws Error for a policy or a path that is wrong */
export async function openAudit(
  flags: FlagValues<typeof apiserverFlags>,
  metrics: Metrics,
  logger: Logger,
): Promise<Audit | undefined> {
  const [file, path] = [flags['audit-policy-file'], flags['audit-log-path']];
  if (file === undefined || path === undefined) return undefined;
  const policy = readPolicy(await readFile(file, 'utf8'), file);
  const counts = auditMetrics(metrics);
  const log = new LogFile({
    path,
    maxBytes: flags['audit-log-maxsize'] * 1024 * 1024,
    maxBackups: flags['audit-log-maxbackup'],
    maxAgeMs: flags['audit-log-maxage'] * 86_400_000,
    logger,
    onLost: (lines) => counts.lost.inc({ plugin: 'log' }, lines),
  });
  await log.open();
  return createAudit(policy, log, counts);
}
