import { isDeepStrictEqual } from 'node:util';
import { errors } from '../../../openapi/machinery/errors.ts';
import type { KubernetesObject } from '../../../openapi/machinery/object.ts';
import type { UserInfo } from '../../request/info.ts';
import { administrators } from '../authorization/union.ts';
import { evaluate, rulesHeld } from './evaluate.ts';
import { type PolicyRule, uncovered } from './rules.ts';
import type { Binding, Role, RulesSource } from './source.ts';

const group = 'rbac.authorization.k8s.io';

export interface RoleWrite {
  readonly user: UserInfo;
  readonly group: string;
  /** roles, clusterroles, rolebindings, clusterrolebindings; anything else is let through. */
  readonly resource: string;
  readonly object: KubernetesObject;
  /** Undefined when the object is new. */
  readonly old: KubernetesObject | undefined;
}

/**
 * Nobody gives what they do not hold: who writes a role must hold its rules (or the verb `escalate`), who binds one must
 * hold the rules of that role (or the verb `bind` on it). A write that leaves what is granted alone grants nothing.
 *
 * @throws StatusError 403
 */
export function admitRoleWrite(write: RoleWrite, source: RulesSource): void {
  const { user, object, resource } = write;
  if (write.group !== group || user.groups.includes(administrators)) return;
  if (write.old !== undefined && isDeepStrictEqual(granted(object), granted(write.old))) return;
  const namespace = object.metadata.namespace ?? '';
  let rules: readonly PolicyRule[];
  let name = object.metadata.name ?? '';
  let verb = 'escalate';
  let plural = resource;
  if (resource === 'roles' || resource === 'clusterroles') {
    rules = (object as unknown as Role).rules ?? [];
  } else if (resource === 'rolebindings' || resource === 'clusterrolebindings') {
    const { roleRef } = object as unknown as Binding;
    const ofCluster = roleRef.kind === 'ClusterRole';
    const role = ofCluster ? source.clusterRole(roleRef.name) : source.role(namespace, roleRef.name);
    verb = 'bind';
    name = roleRef.name;
    plural = ofCluster ? 'clusterroles' : 'roles';
    // A role that does not exist yet could be filled later by somebody else: only `bind` allows that.
    rules = role?.rules ?? [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }];
  } else {
    return;
  }
  const target = {
    kind: 'resource' as const,
    namespace,
    group,
    version: 'v1',
    resource: plural,
    subresource: '',
    name,
    fieldSelector: '',
    labelSelector: '',
  };
  const expressly = evaluate({ user, verb, target }, source);
  if (expressly.kind === 'allowed') return;
  const missing = uncovered(rules, rulesHeld(user, namespace, source).rules);
  if (missing.length === 0) return;
  const shown = missing
    .slice(0, 20)
    .map((rule) => JSON.stringify(rule))
    .join('\n');
  throw errors.forbidden(
    { group, plural: resource },
    object.metadata.name ?? '',
    `user ${JSON.stringify(user.name)} (groups=${JSON.stringify(user.groups)}) is attempting to grant RBAC permissions not currently held:\n${shown}`,
  );
}

/** What a role or binding gives, and to whom. */
function granted(object: KubernetesObject): unknown {
  const { rules, aggregationRule, subjects, roleRef } = object;
  return { rules, aggregationRule, subjects, roleRef };
}
