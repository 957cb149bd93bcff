import type { UserInfo } from '../../request/info.ts';
import type { Authenticator } from './outcome.ts';

/** Names and groups of Torpor's own parts begin with this. */
const reserved = 'torpor:';

/** The first of a user's name and groups that only our own parts may have. */
export function reservedName({ name, groups }: Pick<UserInfo, 'name' | 'groups'>): string | undefined {
  return [name, ...groups].find((one) => one.startsWith(reserved));
}

/**
 * A way of authentication that is not our own authority. Our parts show a certificate of that authority, and their names
 * give rights that no rule of the host cluster gives: whoever comes by another way and has such a name is refused, however
 * the cluster came to call somebody so.
 */
export function foreign({ name, authenticate }: Authenticator): Authenticator {
  return {
    name,
    async authenticate(req) {
      const outcome = await authenticate(req);
      if (outcome.kind !== 'user') return outcome;
      const taken = reservedName(outcome.user);
      if (taken === undefined) return outcome;
      return {
        kind: 'refused',
        why: `${JSON.stringify(taken)} is reserved for parts with a certificate of our own authority`,
      };
    },
  };
}
