import type { Attributes, Authorizer, Decision } from './attributes.ts';

export const administrators = 'system:masters';

/** Paths that probes ask for without any right. */
const alwaysAllowed: ReadonlySet<string> = new Set(['/healthz', '/livez', '/readyz']);

/** Administrators may do everything: no rule, and no failure to look rules up, locks them out. */
export const superusers: Authorizer = {
  async authorize({ user }) {
    return user.groups.includes(administrators)
      ? { kind: 'allowed', reason: `the user is in the group ${administrators}` }
      : { kind: 'no opinion', reason: '' };
  },
};

export const healthPaths: Authorizer = {
  async authorize({ target }) {
    return target.kind === 'path' && alwaysAllowed.has(target.path)
      ? { kind: 'allowed', reason: 'health checks are open' }
      : { kind: 'no opinion', reason: '' };
  },
};

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
