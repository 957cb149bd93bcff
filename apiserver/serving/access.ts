import type { FlagValues } from '../../base/flags.ts';
import type { Logger } from '../../base/log.ts';
import { createAdmission } from '../access/admission.ts';
import { bearerTokens } from '../access/authentication/bearer.ts';
import type { Authenticator } from '../access/authentication/outcome.ts';
import { foreign } from '../access/authentication/reserved.ts';
import { tokenReviewer } from '../access/authentication/token-review.ts';
import type { Authorizer } from '../access/authorization/attributes.ts';
import { delegatedAuthorizer } from '../access/authorization/delegated.ts';
import { alwaysAllowed, superusers, unionAuthorizer } from '../access/authorization/union.ts';
import { launcherAuthorizer } from '../access/launchers/scope.ts';
import { storedMachines } from '../access/launchers/stored-machines.ts';
import { componentPolicy, fixedPolicy } from '../access/rbac/component-policy.ts';
import { rbacAuthorizer } from '../access/rbac/evaluate.ts';
import { joinSources } from '../access/rbac/source.ts';
import { StoredRules } from '../access/rbac/stored-rules.ts';
import { createReviews, type Reviews } from '../access/reviews.ts';
import type { HostCluster } from '../cluster/host-cluster.ts';
import { hostKinds } from '../cluster/kinds.ts';
import { review } from '../cluster/review.ts';
import type { Admission, ObjectCache } from '../registry/core.ts';
import type { apiserverFlags } from './flags.ts';
import type { Check } from './health.ts';

/** What the two modes do differently for everybody who asks for something. */
export interface Access {
  /** Besides certificates. */
  readonly tokens: Authenticator;
  readonly authorizer: Authorizer;
  readonly admit: Admission;
  /** Undefined where the host cluster answers access reviews itself. */
  readonly reviews: Reviews | undefined;
  readonly ready: readonly Check[];
  close(): void;
}

export interface AccessParts {
  readonly cache: ObjectCache;
  readonly flags: FlagValues<typeof apiserverFlags>;
  readonly logger: Logger;
}

/** Without Kubernetes: our own rules and the stored ones of rbac.authorization.k8s.io. Tokens are nobody's. */
export function embeddedAccess({ cache, flags, logger }: AccessParts): Access {
  const stored = new StoredRules(cache, logger);
  stored.start();
  const rules = joinSources(fixedPolicy, stored);
  const authorizer = unionAuthorizer([
    superusers,
    alwaysAllowed(flags['authorization-always-allow-paths']),
    launcherAuthorizer(storedMachines(cache)),
    rbacAuthorizer(rules),
  ]);
  const check = (): void => {
    if (stored.unready !== undefined) throw new Error(stored.unready);
  };
  return {
    tokens: bearerTokens(undefined),
    authorizer,
    admit: createAdmission(rules),
    reviews: createReviews(authorizer, rules),
    ready: [{ name: 'rules', check }],
    close: () => stored.close(),
  };
}

/** Behind a cluster: it knows the tokens and the rights; our own parts have theirs from us. */
export function clusterAccess({ cache, flags }: AccessParts, cluster: HostCluster): Access {
  const { authentication, authorization } = cluster;
  const reviewer = tokenReviewer(
    (question) => review(authentication, hostKinds.tokenReviews, question),
    flags['authentication-token-webhook-cache-ttl'],
  );
  const delegated = delegatedAuthorizer({
    review: (question) => review(authorization, hostKinds.subjectAccessReviews, question),
    allowedMs: flags['authorization-webhook-cache-authorized-ttl'],
    deniedMs: flags['authorization-webhook-cache-unauthorized-ttl'],
  });
  return {
    tokens: foreign(bearerTokens(reviewer)),
    authorizer: unionAuthorizer([
      superusers,
      alwaysAllowed(flags['authorization-always-allow-paths']),
      launcherAuthorizer(storedMachines(cache)),
      rbacAuthorizer(componentPolicy),
      delegated,
    ]),
    admit: createAdmission(componentPolicy),
    reviews: undefined,
    ready: [],
    close: () => {},
  };
}
