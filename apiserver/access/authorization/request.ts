import type { RequestInfo, UserInfo } from '../../request/info.ts';
import { type Authorizer, attributesOf, type Decision, forbidden } from './attributes.ts';

export type Authorize = (info: RequestInfo, user: UserInfo, annotate?: Annotate) => Promise<void>;

type Annotate = (key: string, value: string) => void;

/** Throws 403, in Kubernetes' words, unless the authorizer allows the request. The audit log is told who decided and why. */
export function requireAllowed(authorizer: Authorizer): Authorize {
  return async (info, user, annotate = () => undefined) => {
    const attributes = attributesOf(info, user);
    let decision: Decision;
    try {
      decision = await authorizer.authorize(attributes);
    } catch (error) {
      annotate('authorization.k8s.io/reason', 'internal error');
      throw error;
    }
    annotate('authorization.k8s.io/decision', decision.kind === 'allowed' ? 'allow' : 'forbid');
    annotate('authorization.k8s.io/reason', decision.reason);
    if (decision.kind !== 'allowed') throw forbidden(attributes, decision.reason);
  };
}
