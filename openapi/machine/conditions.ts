import type { Condition } from '../api.ts';

/** Conditions of machines; Host has Ready and Accelerated. */
export type MachineConditionType =
  | 'Scheduled'
  | 'VolumesReady'
  | 'NetworkReady'
  | 'Running'
  | 'AgentConnected'
  | 'LiveMigratable'
  | 'Durable';

export interface ConditionChange {
  readonly type: string;
  readonly status: 'True' | 'False' | 'Unknown';
  /** One CamelCase word. */
  readonly reason: string;
  readonly message: string;
  readonly observedGeneration?: number;
}

export function getCondition(conditions: readonly Condition[] | undefined, type: string): Condition | undefined {
  return conditions?.find((condition) => condition.type === type);
}

export function isConditionTrue(conditions: readonly Condition[] | undefined, type: string): boolean {
  return getCondition(conditions, type)?.status === 'True';
}

/**
 * The conditions with one set. lastTransitionTime moves only when status does, so a condition says since when it holds.
 * When nothing changes the same array comes back: compare by identity to avoid a write.
 */
export function setCondition(
  conditions: readonly Condition[] | undefined,
  change: ConditionChange,
  now: Date,
): readonly Condition[] {
  const old = getCondition(conditions, change.type);
  if (conditions && old && isSame(old, change)) return conditions;
  const lastTransitionTime =
    old && old.status === change.status ? old.lastTransitionTime : now.toISOString().replace(/\.\d+Z$/, 'Z');
  const next: Condition = { ...change, lastTransitionTime };
  if (!old) return [...(conditions ?? []), next];
  return (conditions ?? []).map((condition) => (condition === old ? next : condition));
}

export function removeCondition(conditions: readonly Condition[] | undefined, type: string): readonly Condition[] {
  if (conditions && !getCondition(conditions, type)) return conditions;
  return (conditions ?? []).filter((condition) => condition.type !== type);
}

function isSame(old: Condition, change: ConditionChange): boolean {
  return (
    old.status === change.status &&
    old.reason === change.reason &&
    old.message === change.message &&
    old.observedGeneration === change.observedGeneration
  );
}
