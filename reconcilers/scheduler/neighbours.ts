import type { Host, PodAffinityTerm, TopologySpreadConstraint, VirtualMachine } from '../../openapi/api.ts';
import { labelSelectorRequirements, matchesLabels } from '../../openapi/machinery/labels.ts';

/**
 * Rules about other machines: affinity, anti-affinity (both ways round) and spreading. "Near" means hosts with the same
 * value of the topology label; a host without the label is near nobody.
 */
export interface Neighbourhood {
  readonly hosts: readonly Host[];
  /** Machines with a host, the one to be placed not among them. */
  readonly placed: readonly VirtualMachine[];
  /** Labels of namespaces, for namespaceSelector; undefined when nobody follows namespaces. */
  namespaceLabels(name: string): Readonly<Record<string, string>> | undefined;
}

const HOSTNAME = 'kubernetes.io/hostname';

/** The value of a topology label; a host is its own zone under kubernetes.io/hostname even without the label. */
export function zoneOf(host: Host, topologyKey: string): string | undefined {
  return host.metadata.labels?.[topologyKey] ?? (topologyKey === HOSTNAME ? host.metadata.name : undefined);
}

/** True when `other` is among those that the term of `owner` speaks of. */
function selects(term: PodAffinityTerm, owner: VirtualMachine, other: VirtualMachine, around: Neighbourhood): boolean {
  const namespace = other.metadata.namespace ?? '';
  const byName = term.namespaces ?? (term.namespaceSelector ? [] : [owner.metadata.namespace ?? '']);
  const bySelector =
    term.namespaceSelector !== undefined &&
    matchesLabels(labelSelectorRequirements(term.namespaceSelector), around.namespaceLabels(namespace) ?? {});
  return (byName.includes(namespace) || bySelector) && matches(term.labelSelector, other);
}

function matches(selector: PodAffinityTerm['labelSelector'], machine: VirtualMachine): boolean {
  return matchesLabels(labelSelectorRequirements(selector), machine.metadata.labels);
}

/** The machines near `host` that the term speaks of. */
function near(term: PodAffinityTerm, owner: VirtualMachine, host: Host, around: Neighbourhood): VirtualMachine[] {
  const zone = zoneOf(host, term.topologyKey);
  if (zone === undefined) return [];
  const names = new Set(
    around.hosts.filter((one) => zoneOf(one, term.topologyKey) === zone).map(({ metadata }) => metadata.name),
  );
  return around.placed.filter((other) => names.has(other.status?.nodeName) && selects(term, owner, other, around));
}

/** Required affinity: each term needs a neighbour, unless nobody fits it yet and the machine fits it itself. */
export function hasWantedNeighbours(machine: VirtualMachine, host: Host, around: Neighbourhood): boolean {
  const terms = machine.spec.affinity?.podAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [];
  return terms.every((term) => {
    if (zoneOf(host, term.topologyKey) === undefined) return false;
    if (near(term, machine, host, around).length > 0) return true;
    const first = !around.placed.some((other) => selects(term, machine, other, around));
    return first && selects(term, machine, machine, around);
  });
}

/** Required anti-affinity, of the machine and of those that are there already. */
export function hasUnwantedNeighbours(machine: VirtualMachine, host: Host, around: Neighbourhood): boolean {
  const terms = machine.spec.affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [];
  if (terms.some((term) => near(term, machine, host, around).length > 0)) return true;
  return around.placed.some((other) => {
    const theirs = other.spec.affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [];
    return theirs.some((term) => {
      const zone = zoneOf(host, term.topologyKey);
      const there = around.hosts.find(({ metadata }) => metadata.name === other.status?.nodeName);
      return (
        zone !== undefined &&
        there !== undefined &&
        zoneOf(there, term.topologyKey) === zone &&
        selects(term, other, machine, around)
      );
    });
  });
}

/** How far the zone of `host` would exceed the emptiest one with the machine in it; undefined outside of all zones. */
function skewWith(
  machine: VirtualMachine,
  constraint: TopologySpreadConstraint,
  host: Host,
  around: Neighbourhood,
): number | undefined {
  const zone = zoneOf(host, constraint.topologyKey);
  if (zone === undefined) return undefined;
  const counts = new Map<string, number>();
  const zoneByHost = new Map<string | undefined, string>();
  for (const one of around.hosts) {
    const itsZone = zoneOf(one, constraint.topologyKey);
    if (itsZone === undefined) continue;
    counts.set(itsZone, 0);
    zoneByHost.set(one.metadata.name, itsZone);
  }
  for (const other of around.placed) {
    const itsZone = zoneByHost.get(other.status?.nodeName);
    if (itsZone === undefined || other.metadata.namespace !== machine.metadata.namespace) continue;
    if (matches(constraint.labelSelector, other)) counts.set(itsZone, (counts.get(itsZone) ?? 0) + 1);
  }
  const self = matches(constraint.labelSelector, machine) ? 1 : 0;
  return (counts.get(zone) ?? 0) + self - Math.min(...counts.values());
}

export function breaksSpread(machine: VirtualMachine, host: Host, around: Neighbourhood): boolean {
  return (machine.spec.topologySpreadConstraints ?? []).some((constraint) => {
    if (constraint.whenUnsatisfiable !== 'DoNotSchedule') return false;
    const skew = skewWith(machine, constraint, host, around);
    return skew === undefined || skew > constraint.maxSkew;
  });
}

/** Wishes about neighbours and spreading as a number: weights that are met, minus those of unwanted neighbours. */
export function neighbourScore(machine: VirtualMachine, host: Host, around: Neighbourhood): number {
  const { podAffinity, podAntiAffinity } = machine.spec.affinity ?? {};
  let score = 0;
  for (const { weight, podAffinityTerm } of podAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []) {
    if (near(podAffinityTerm, machine, host, around).length > 0) score += weight;
  }
  for (const { weight, podAffinityTerm } of podAntiAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []) {
    if (near(podAffinityTerm, machine, host, around).length > 0) score -= weight;
  }
  for (const constraint of machine.spec.topologySpreadConstraints ?? []) {
    if (constraint.whenUnsatisfiable !== 'ScheduleAnyway') continue;
    score -= Math.max(0, (skewWith(machine, constraint, host, around) ?? constraint.maxSkew + 1) - constraint.maxSkew);
  }
  return score;
}
