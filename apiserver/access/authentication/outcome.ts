import type { IncomingMessage } from 'node:http';
import type { UserInfo } from '../../request/info.ts';

/** What one way of authentication says of a request. */
export type Authentication =
  | { readonly kind: 'user'; readonly user: UserInfo }
  /** The request shows nothing of this kind; another way may know it. */
  | { readonly kind: 'none' }
  /** It shows a credential, and the credential is not good. `why` is for the log alone. */
  | { readonly kind: 'refused'; readonly why: string };

export interface Authenticator {
  readonly name: string;
  authenticate(req: IncomingMessage): Promise<Authentication>;
}

export const none: Authentication = { kind: 'none' };
