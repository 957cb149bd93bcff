import type { UserInfo } from '../../request/info.ts';
import { type Authenticator, none } from './outcome.ts';

/** Finds out whose token it is; undefined when nobody's. Rejects when that cannot be found out. */
export type TokenReviewer = (token: string) => Promise<UserInfo | undefined>;

const webSocketPrefix = 'base64url.bearer.authorization.k8s.io.';

/**
 * Bearer tokens, from the Authorization header or, for browsers, from a WebSocket subprotocol. Without a reviewer every
 * token is refused: a caller that shows a credential must not be served as somebody else.
 */
export function bearerTokens(review: TokenReviewer | undefined): Authenticator {
  return {
    name: 'bearer token',
    async authenticate(req) {
      const token = fromHeader(req.headers.authorization) ?? fromProtocols(req.headers['sec-websocket-protocol']);
      if (token === undefined) return none;
      if (review === undefined) return { kind: 'refused', why: 'tokens are not served' };
      try {
        const user = await review(token);
        return user === undefined ? { kind: 'refused', why: 'the token is not known' } : { kind: 'user', user };
      } catch (error) {
        // Never the reviewer's own error: what it answers to us is no answer to our caller.
        return { kind: 'refused', why: `whose the token is could not be found out: ${(error as Error).message}` };
      }
    },
  };
}

function fromHeader(header: string | undefined): string | undefined {
  const token = /^bearer +(\S+) *$/i.exec(header ?? '')?.[1];
  return token === undefined || token === '' ? undefined : token;
}

function fromProtocols(header: string | undefined): string | undefined {
  const found = (header ?? '')
    .split(',')
    .map((item) => item.trim())
    .find((item) => item.startsWith(webSocketPrefix));
  return found === undefined
    ? undefined
    : Buffer.from(found.slice(webSocketPrefix.length), 'base64url').toString('utf8');
}
