import type { RequestInfo, UserInfo } from '../../request/info.ts';

/** audit.k8s.io/v1: which requests are written down, and how much of each. */
export const levels = ['None', 'Metadata', 'Request', 'RequestResponse'] as const;
export type Level = (typeof levels)[number];

export const stages = ['RequestReceived', 'ResponseStarted', 'ResponseComplete', 'Panic'] as const;
export type Stage = (typeof stages)[number];

export interface GroupResources {
  readonly group?: string;
  readonly resources?: readonly string[];
  readonly resourceNames?: readonly string[];
}

export interface PolicyRule {
  readonly level: Level;
  readonly users?: readonly string[];
  readonly userGroups?: readonly string[];
  readonly verbs?: readonly string[];
  readonly resources?: readonly GroupResources[];
  readonly namespaces?: readonly string[];
  readonly nonResourceURLs?: readonly string[];
  readonly omitStages?: readonly Stage[];
  readonly omitManagedFields?: boolean;
}

export interface Policy {
  readonly rules: readonly PolicyRule[];
  readonly omitStages?: readonly Stage[];
  readonly omitManagedFields?: boolean;
}

/** What the policy wants of one request. */
export interface Plan {
  readonly level: Level;
  readonly omitStages: ReadonlySet<Stage>;
  readonly omitManagedFields: boolean;
}

export const atLeast = (level: Level, wanted: Level): boolean => levels.indexOf(level) >= levels.indexOf(wanted);

/** The first rule that matches decides; a request that none matches is not written down. */
export function planOf(policy: Policy, info: RequestInfo, user: UserInfo | undefined): Plan {
  const rule = policy.rules.find((one) => matches(one, info, user));
  const level = rule?.level ?? 'None';
  return {
    // Whatever a policy says: what is secret in the API is secret in its log.
    level: carriesSecrets(info) && atLeast(level, 'Request') ? 'Metadata' : level,
    omitStages: new Set([...(policy.omitStages ?? []), ...(rule?.omitStages ?? [])]),
    omitManagedFields: rule?.omitManagedFields ?? policy.omitManagedFields ?? false,
  };
}

/** Requests whose bodies are credentials. */
export function carriesSecrets({ group, resource, subresource }: RequestInfo): boolean {
  if (group === '') return resource === 'secrets' || (resource === 'serviceaccounts' && subresource === 'token');
  return subresource === 'credentials' || resource === 'tokenreviews';
}

function matches(rule: PolicyRule, info: RequestInfo, user: UserInfo | undefined): boolean {
  if (some(rule.users) && !(user !== undefined && rule.users.includes(user.name))) return false;
  if (some(rule.userGroups) && !rule.userGroups.some((group) => user?.groups.includes(group))) return false;
  if (some(rule.verbs) && !rule.verbs.includes(info.verb)) return false;
  if (some(rule.namespaces) || some(rule.resources)) return matchesResource(rule, info);
  if (some(rule.nonResourceURLs)) {
    return !info.isResource && rule.nonResourceURLs.some((pattern) => matchesPath(pattern, info.path));
  }
  return true;
}

function matchesResource(rule: PolicyRule, info: RequestInfo): boolean {
  if (!info.isResource) return false;
  if (some(rule.namespaces) && !rule.namespaces.includes(info.namespace)) return false;
  if (!some(rule.resources)) return true;
  const { resource, subresource } = info;
  const combined = subresource === '' ? resource : `${resource}/${subresource}`;
  return rule.resources.some(({ group = '', resources, resourceNames }) => {
    if (group !== info.group) return false;
    if (!some(resources)) return true;
    if (some(resourceNames) && !resourceNames.includes(info.name)) return false;
    return resources.some(
      (pattern) =>
        pattern === combined ||
        pattern === '*' ||
        pattern === `${resource}/*` ||
        (subresource !== '' && pattern === `*/${subresource}`),
    );
  });
}

function matchesPath(pattern: string, path: string): boolean {
  return pattern === path || (pattern.endsWith('*') && path.startsWith(pattern.slice(0, -1)));
}

function some<T>(list: readonly T[] | undefined): list is readonly T[] {
  return list !== undefined && list.length > 0;
}
