import type { UserInfo } from '../../request/info.ts';
import type { Attributes, Authorizer, Decision } from '../authorization/attributes.ts';
import { type PolicyRule, ruleAllows } from './rules.ts';
import type { Binding, RulesSource, Subject } from './source.ts';

const serviceAccountPrefix = 'system:serviceaccount:';

/** A subject without namespace in a RoleBinding means an account of the binding's own namespace. */
export function isSubject(subject: Subject, user: UserInfo, namespace: string): boolean {
  switch (subject.kind) {
    case 'User':
      return subject.name === user.name;
    case 'Group':
      return user.groups.includes(subject.name);
    case 'ServiceAccount':
      return user.name === `${serviceAccountPrefix}${subject.namespace || namespace}:${subject.name}`;
    default:
      return false;
  }
}

interface Grant {
  readonly rules: readonly PolicyRule[];
  /** `ClusterRoleBinding "x" of ClusterRole "y" to User "u"`. */
  readonly by: string;
  readonly bound: 'cluster' | 'namespace';
}

type Found = { readonly kind: 'grant'; readonly grant: Grant } | { readonly kind: 'missing'; readonly what: string };

/** Every grant to the user that counts in `namespace` ('' = cluster-wide ones alone), one after another. */
export function* grantsTo(user: UserInfo, namespace: string, source: RulesSource): Generator<Found> {
  for (const binding of source.clusterRoleBindings()) yield* grantOf(binding, 'cluster', user, '', source);
  if (namespace === '') return;
  for (const binding of source.roleBindings(namespace)) yield* grantOf(binding, 'namespace', user, namespace, source);
}

function* grantOf(
  binding: Binding,
  bound: Grant['bound'],
  user: UserInfo,
  namespace: string,
  source: RulesSource,
): Generator<Found> {
  const subject = binding.subjects?.find((candidate) => isSubject(candidate, user, namespace));
  if (subject === undefined) return;
  const { kind, name } = binding.roleRef;
  const role =
    kind === 'ClusterRole'
      ? source.clusterRole(name)
      : bound === 'namespace'
        ? source.role(namespace, name)
        : undefined;
  if (role === undefined) {
    yield {
      kind: 'missing',
      what: `${kind.toLowerCase()}.rbac.authorization.k8s.io ${JSON.stringify(name)} not found`,
    };
    return;
  }
  const binder = bound === 'cluster' ? 'ClusterRoleBinding' : 'RoleBinding';
  const label = bound === 'cluster' ? binding.metadata.name : `${binding.metadata.name}/${namespace}`;
  const by = `${binder} ${JSON.stringify(label)} of ${kind} ${JSON.stringify(name)} to ${subject.kind} ${JSON.stringify(subject.name)}`;
  yield { kind: 'grant', grant: { rules: role.rules ?? [], by, bound } };
}

export function evaluate(attributes: Attributes, source: RulesSource): Decision {
  const { target } = attributes;
  const namespace = target.kind === 'resource' ? target.namespace : '';
  const missing: string[] = [];
  for (const found of grantsTo(attributes.user, namespace, source)) {
    if (found.kind === 'missing') missing.push(found.what);
    else if (found.grant.rules.some((rule) => ruleAllows(rule, attributes))) {
      return { kind: 'allowed', reason: `RBAC: allowed by ${found.grant.by}` };
    }
  }
  return { kind: 'no opinion', reason: missing.length > 0 ? `RBAC: [${missing.join(', ')}]` : '' };
}

/** All rules that the user holds in the namespace, for `kubectl auth can-i --list` and against escalation. */
export function rulesHeld(user: UserInfo, namespace: string, source: RulesSource) {
  const rules: PolicyRule[] = [];
  const missing: string[] = [];
  for (const found of grantsTo(user, namespace, source)) {
    if (found.kind === 'missing') missing.push(found.what);
    // A namespaced binding says nothing about paths.
    else if (found.grant.bound === 'cluster') rules.push(...found.grant.rules);
    else rules.push(...found.grant.rules.filter((rule) => (rule.nonResourceURLs?.length ?? 0) === 0));
  }
  return { rules, missing };
}

export function rbacAuthorizer(source: RulesSource): Authorizer {
  return { authorize: async (attributes) => evaluate(attributes, source) };
}
