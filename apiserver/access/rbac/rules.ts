import type { Attributes } from '../authorization/attributes.ts';

/** A rule of a Role or ClusterRole (rbac.authorization.k8s.io/v1). */
export interface PolicyRule {
  readonly verbs: readonly string[];
  readonly apiGroups?: readonly string[];
  /** `virtualmachines`, `virtualmachines/console`, `*`, or `*` with a slash and a subresource. */
  readonly resources?: readonly string[];
  /** Empty or absent = all names. */
  readonly resourceNames?: readonly string[];
  /** Paths; a `*` at the end stands for the rest. */
  readonly nonResourceURLs?: readonly string[];
}

const has = (list: readonly string[] | undefined, ...any: readonly string[]) =>
  list?.some((item) => any.includes(item)) ?? false;

export function ruleAllows(rule: PolicyRule, { verb, target }: Pick<Attributes, 'verb' | 'target'>): boolean {
  if (!has(rule.verbs, verb, '*')) return false;
  if (target.kind === 'path') return rule.nonResourceURLs?.some((url) => pathMatches(url, target.path)) ?? false;
  const full = target.subresource === '' ? target.resource : `${target.resource}/${target.subresource}`;
  return (
    has(rule.apiGroups, target.group, '*') &&
    has(rule.resources, full, '*', ...(target.subresource === '' ? [] : [`*/${target.subresource}`])) &&
    ((rule.resourceNames?.length ?? 0) === 0 || has(rule.resourceNames, target.name))
  );
}

function pathMatches(url: string, path: string): boolean {
  return url === '*' || url === path || (url.endsWith('*') && path.startsWith(url.replace(/\*+$/, '')));
}

/**
 * What of `wanted` is not covered by `held`: one simple rule (one verb on one thing) for each gap. Who grants a role must
 * hold what it grants.
 */
export function uncovered(wanted: readonly PolicyRule[], held: readonly PolicyRule[]): PolicyRule[] {
  return wanted.flatMap(breakDown).filter((simple) => !held.some((rule) => covers(rule, simple)));
}

function breakDown(rule: PolicyRule): PolicyRule[] {
  const simple: PolicyRule[] = [];
  const names = (rule.resourceNames?.length ?? 0) > 0 ? (rule.resourceNames ?? []).map((name) => [name]) : [undefined];
  for (const verb of rule.verbs) {
    for (const group of rule.apiGroups ?? []) {
      for (const resource of rule.resources ?? []) {
        for (const resourceNames of names) {
          const one = { verbs: [verb], apiGroups: [group], resources: [resource] };
          simple.push(resourceNames === undefined ? one : { ...one, resourceNames });
        }
      }
    }
    for (const url of rule.nonResourceURLs ?? []) simple.push({ verbs: [verb], nonResourceURLs: [url] });
  }
  return simple;
}

/** Whether the rule holds all that a simple one says. */
function covers(rule: PolicyRule, simple: PolicyRule): boolean {
  if (!has(rule.verbs, '*', ...simple.verbs)) return false;
  const url = simple.nonResourceURLs?.[0];
  if (url !== undefined) return rule.nonResourceURLs?.some((held) => pathMatches(held, url)) ?? false;
  const [resource = ''] = simple.resources ?? [];
  const slash = resource.indexOf('/');
  const wide = slash < 0 ? [] : [`*${resource.slice(slash)}`];
  const allNames = (rule.resourceNames?.length ?? 0) === 0;
  return (
    has(rule.apiGroups, '*', ...(simple.apiGroups ?? [])) &&
    has(rule.resources, '*', resource, ...wide) &&
    (allNames || (simple.resourceNames !== undefined && has(rule.resourceNames, ...simple.resourceNames)))
  );
}
