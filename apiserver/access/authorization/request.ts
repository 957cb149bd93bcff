import type { RequestInfo, UserInfo } from '../../request/info.ts';
import { type Authorizer, attributesOf, forbidden } from './attributes.ts';

/** Throws 403, in Kubernetes' words, unless the authorizer allows the request. */
export function requireAllowed(authorizer: Authorizer): (info: RequestInfo, user: UserInfo) => Promise<void> {
  return async (info, user) => {
    const attributes = attributesOf(info, user);
    const decision = await authorizer.authorize(attributes);
    if (decision.kind !== 'allowed') throw forbidden(attributes, decision.reason);
  };
}
