import type { Attributes, Authorizer, Decision } from './attributes.ts';

export const administrators = 'system:masters';

/** Administrators may do everything: no rule, and no failure to look rules up, locks them out. */
export const superusers: Authorizer = {
  async authorize({ user }) {
    return user.groups.includes(administrators)
      ? { kind: 'allowed', reason: `the user is in the group ${administrators}` }
      : { kind: 'no opinion', reason: '' };
  },
};

/** Paths that everybody may ask for, as probes do without any right; a `*` at the end stands for the rest. */
export function alwaysAllowed(paths: readonly string[]): Authorizer {
  const exact = new Set(paths.filter((path) => !path.endsWith('*')));
  const prefixes = paths.filter((path) => path.endsWith('*')).map((path) => path.slice(0, -1));
  return {
    async authorize({ target }) {
      const open =
        target.kind === 'path' && (exact.has(target.path) || prefixes.some((prefix) => target.path.startsWith(prefix)));
      return open ? { kind: 'allowed', reason: 'the path is open to everybody' } : { kind: 'no opinion', reason: '' };
    },
  };
}

/** What probes ask for. */
export const healthPaths = alwaysAllowed(['/healthz', '/livez', '/readyz']);

/** The first that allows or denies decides; when none does, the reasons of all are told. */
export function unionAuthorizer(authorizers: readonly Authorizer[]): Authorizer {
  return {
    async authorize(attributes: Attributes): Promise<Decision> {
      const reasons: string[] = [];
      for (const authorizer of authorizers) {
        const decision = await authorizer.authorize(attributes);
        if (decision.kind !== 'no opinion') return decision;
        if (decision.reason !== '') reasons.push(decision.reason);
      }
      return { kind: 'no opinion', reason: reasons.join('; ') };
    },
  };
}
