import type { PolicyRule } from './rules.ts';

/** The stored objects of rbac.authorization.k8s.io/v1, as far as authorization reads them. */
export interface Role {
  readonly metadata: { readonly name?: string; readonly namespace?: string };
  readonly rules?: readonly PolicyRule[] | null;
}

export interface Binding {
  readonly metadata: { readonly name?: string; readonly namespace?: string };
  readonly subjects?: readonly Subject[] | null;
  readonly roleRef: { readonly apiGroup?: string; readonly kind: string; readonly name: string };
}

export interface Subject {
  readonly kind: string;
  readonly apiGroup?: string;
  readonly name: string;
  readonly namespace?: string;
}

/**
 * Where rules are looked up: a cache that follows the store. Lookups are immediate; a lookup before the cache is filled
 * throws, and the caller is told to come again rather than that it may not.
 */
export interface RulesSource {
  clusterRole(name: string): Role | undefined;
  role(namespace: string, name: string): Role | undefined;
  clusterRoleBindings(): Iterable<Binding>;
  roleBindings(namespace: string): Iterable<Binding>;
}

/** The first source that has a role gives it; bindings of all count. */
export function joinSources(...sources: readonly RulesSource[]): RulesSource {
  const first = <T>(find: (source: RulesSource) => T | undefined): T | undefined => {
    for (const source of sources) {
      const found = find(source);
      if (found !== undefined) return found;
    }
    return undefined;
  };
  return {
    clusterRole: (name) => first((source) => source.clusterRole(name)),
    role: (namespace, name) => first((source) => source.role(namespace, name)),
    *clusterRoleBindings() {
      for (const source of sources) yield* source.clusterRoleBindings();
    },
    *roleBindings(namespace) {
      for (const source of sources) yield* source.roleBindings(namespace);
    },
  };
}

/** Rules that are part of the program. */
export function fixedSource(roles: readonly Role[], bindings: readonly Binding[]): RulesSource {
  const byName = new Map(roles.map((role) => [role.metadata.name, role]));
  return {
    clusterRole: (name) => byName.get(name),
    role: () => undefined,
    clusterRoleBindings: () => bindings,
    roleBindings: () => [],
  };
}
