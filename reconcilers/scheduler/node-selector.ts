import type { Host, NodeSelectorRequirement, NodeSelectorTerm } from '../../openapi/api.ts';

/** nodeSelector and node affinity against a host, as kube-scheduler reads them against a node. */
export function matchesNodeSelector(selector: Readonly<Record<string, string>> | undefined, host: Host): boolean {
  const labels = host.metadata.labels ?? {};
  return Object.entries(selector ?? {}).every(([key, value]) => Object.hasOwn(labels, key) && labels[key] === value);
}

/** Terms of which one must hold; no terms match no host. */
export function matchesAnyTerm(terms: readonly NodeSelectorTerm[], host: Host): boolean {
  return terms.some((term) => matchesTerm(term, host));
}

/** Requirements that must all hold; an empty term matches no host. */
export function matchesTerm({ matchExpressions = [], matchFields = [] }: NodeSelectorTerm, host: Host): boolean {
  if (matchExpressions.length === 0 && matchFields.length === 0) return false;
  const labels = host.metadata.labels ?? {};
  return (
    matchExpressions.every((requirement) =>
      holds(requirement, Object.hasOwn(labels, requirement.key) ? labels[requirement.key] : undefined),
    ) &&
    // metadata.name is the only field that hosts are selected by.
    matchFields.every((requirement) =>
      holds(requirement, requirement.key === 'metadata.name' ? host.metadata.name : undefined),
    )
  );
}

function holds({ operator, values = [] }: NodeSelectorRequirement, value: string | undefined): boolean {
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value);
    case 'NotIn':
      return value === undefined || !values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
    case 'Gt':
    case 'Lt': {
      const whole = /^-?[0-9]{1,18}$/;
      const [bound = ''] = values;
      if (value === undefined || !whole.test(value) || !whole.test(bound)) return false;
      return operator === 'Gt' ? BigInt(value) > BigInt(bound) : BigInt(value) < BigInt(bound);
    }
    default:
      operator satisfies never;
      return false;
  }
}
