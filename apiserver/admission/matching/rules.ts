import type { Rule } from '../kinds.ts';
import type { AdmissionRequest } from '../request.ts';

/** What rules look at. */
export type RuleSubject = Pick<AdmissionRequest, 'operation' | 'resource' | 'subresource' | 'namespace' | 'name'>;

/**
 * True when one of the rules of a webhook, or of a policy, names the request. Every version of the API is the only one of
 * its group, so a rule that is to match equivalent resources (matchPolicy) says the same as one that matches exactly.
 */
export function matchesRules(rules: readonly Rule[] | undefined, subject: RuleSubject): boolean {
  return (rules ?? []).some((rule) => matchesRule(rule, subject));
}

function matchesRule(rule: Rule, { operation, resource, subresource, namespace, name }: RuleSubject): boolean {
  return (
    has(rule.operations, operation) &&
    has(rule.apiGroups, resource.group) &&
    has(rule.apiVersions, resource.version) &&
    (rule.resources ?? []).some((one) => matchesResource(one, resource.resource, subresource)) &&
    inScope(rule.scope, namespace !== '' && resource.resource !== 'namespaces') &&
    (rule.resourceNames === undefined || rule.resourceNames.length === 0 || rule.resourceNames.includes(name))
  );
}

const has = (list: readonly string[] | undefined, value: string) =>
  (list ?? []).some((one) => one === '*' || one === value);

/** 'a' is a itself, 'a/b' its part b, 'a/*' itself and all its parts; '*' is every resource and none of their parts. */
function matchesResource(pattern: string, resource: string, subresource: string): boolean {
  const slash = pattern.indexOf('/');
  const [wanted, part] = slash < 0 ? [pattern, ''] : [pattern.slice(0, slash), pattern.slice(slash + 1)];
  return (wanted === '*' || wanted === resource) && (part === '*' || part === subresource);
}

function inScope(scope: string | undefined, namespaced: boolean): boolean {
  if (scope === 'Namespaced') return namespaced;
  if (scope === 'Cluster') return !namespaced;
  return true;
}
