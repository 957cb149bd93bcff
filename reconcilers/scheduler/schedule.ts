import type { VirtualMachine } from '../../openapi/api.ts';
import { demandOf } from '../../openapi/machine/demand.ts';
import { type Neighbourhood, neighbourScore } from './neighbours.ts';
import { matchesTerm } from './node-selector.ts';
import { type Candidate, freeOf, objections } from './predicates.ts';
import { untolerated } from './taints.ts';

/**
 * Where a machine shall run, from what is known now: a pure function. It may be wrong by the time it is acted on; the
 * server, which keeps the reservations, has the last word.
 *
 * S1  Only hosts without an objection count.
 * S2  Wishes go first (preferred affinities, tolerable taints), then best fit: the host that is fuller with the machine
 *     on it, so that whole hosts stay free for large machines. The name decides what is equal, so the answer is the
 *     same for the same input.
 */
export type Placement =
  | { readonly kind: 'host'; readonly name: string }
  /** `counts`: how many hosts have each objection; `message` says it as kube-scheduler does. */
  | { readonly kind: 'none'; readonly message: string; readonly counts: Readonly<Record<string, number>> };

export function schedule(
  machine: VirtualMachine,
  candidates: readonly Candidate[],
  around: Omit<Neighbourhood, 'hosts'>,
): Placement {
  const neighbourhood: Neighbourhood = { ...around, hosts: candidates.map(({ host }) => host) };
  const counts = new Map<string, number>();
  let best: { readonly name: string; readonly wishes: number; readonly fullness: number } | undefined;
  for (const candidate of candidates) {
    const against = objections(machine, candidate, neighbourhood);
    for (const objection of against) counts.set(objection, (counts.get(objection) ?? 0) + 1);
    if (against.length > 0) continue;
    const rated = {
      name: candidate.host.metadata.name ?? '',
      wishes: wishesMet(machine, candidate, neighbourhood),
      fullness: fullnessWith(machine, candidate),
    };
    if (!best || compare(rated, best) > 0) best = rated;
  }
  if (best) return { kind: 'host', name: best.name };
  return { kind: 'none', counts: Object.fromEntries(counts), message: unschedulableMessage(candidates.length, counts) };
}

interface Rated {
  readonly name: string;
  readonly wishes: number;
  readonly fullness: number;
}

function compare(a: Rated, b: Rated): number {
  return a.wishes - b.wishes || a.fullness - b.fullness || (a.name < b.name ? 1 : -1);
}

function wishesMet(machine: VirtualMachine, { host }: Candidate, around: Neighbourhood): number {
  const preferred = machine.spec.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
  let score = neighbourScore(machine, host, around);
  for (const { weight, preference } of preferred) if (matchesTerm(preference, host)) score += weight;
  if (untolerated(host.spec?.taints, machine.spec.tolerations, ['PreferNoSchedule'])) score -= 100;
  return score;
}

/** The share of the host that is promised with the machine on it: the mean of cpu and memory, 0 to 1. */
function fullnessWith(machine: VirtualMachine, candidate: Candidate): number {
  const demand = demandOf(machine);
  const free = freeOf(candidate);
  const share = (used: number, unused: number, more: number) =>
    used + unused > 0 ? (used + more) / (used + unused) : 1;
  const { used } = candidate;
  return (share(used.cpu, free.cpu, demand.cpu) + share(used.memory, free.memory, demand.memory)) / 2;
}

/** `0/3 hosts are available: 1 Insufficient memory, 2 host(s) were not ready.` */
function unschedulableMessage(total: number, counts: ReadonlyMap<string, number>): string {
  if (total === 0) return 'no hosts are registered; start a launcher on one';
  const reasons = [...counts].map(([objection, count]) => `${count} ${objection}`).sort();
  return `0/${total} hosts are available: ${reasons.join(', ')}.`;
}
