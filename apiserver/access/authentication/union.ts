import type { IncomingMessage } from 'node:http';
import type { Logger } from '../../../base/log.ts';
import { errors } from '../../../openapi/machinery/errors.ts';
import type { UserInfo } from '../../request/info.ts';
import type { Authenticator } from './outcome.ts';

export interface UnionOptions {
  /** In order; the first that knows the user decides. */
  readonly authenticators: readonly Authenticator[];
  /** Serve requests without any credential as system:anonymous; otherwise they are answered 401. */
  readonly anonymous: boolean;
  readonly logger: Logger;
}

/**
 * Who asks. A credential that is shown and refused is 401 unless another way knows the user: a bad token never makes a
 * caller anonymous.
 */
export function createAuthentication(options: UnionOptions): (req: IncomingMessage) => Promise<UserInfo> {
  return async (req) => {
    const refusals: Record<string, string> = {};
    for (const authenticator of options.authenticators) {
      const outcome = await authenticator.authenticate(req);
      if (outcome.kind === 'user') return withStandardGroup(outcome.user);
      if (outcome.kind === 'refused') refusals[authenticator.name] = outcome.why;
    }
    const refused = Object.keys(refusals).length > 0;
    if (refused) options.logger.info({ refusals, address: req.socket.remoteAddress }, 'credentials were refused');
    if (refused || !options.anonymous) throw errors.unauthorized();
    return { name: 'system:anonymous', groups: ['system:unauthenticated'], extra: {} };
  };
}

/** Callers such as system:kube-aggregator come without any group; rules for everybody must still find them. */
function withStandardGroup(user: UserInfo): UserInfo {
  const { groups } = user;
  if (groups.includes('system:authenticated') || groups.includes('system:unauthenticated')) return user;
  return { ...user, groups: [...groups, 'system:authenticated'] };
}
