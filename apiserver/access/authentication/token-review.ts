import { createHmac, randomBytes } from 'node:crypto';
import type { TokenReview } from '../../cluster/kinds.ts';
import type { UserInfo } from '../../request/info.ts';
import { Answers } from '../answers.ts';
import type { TokenReviewer } from './bearer.ts';

/** Has the cluster say whose token it is; rejects when it cannot. */
export type AskTokenReview = (question: TokenReview) => Promise<TokenReview>;

const mostAnswers = 4_096;

/**
 * Whose a token is, asked of the host cluster (TokenReview). Yes and no are kept for `ttlMs`, failures are not; the token
 * itself is not kept, only a digest under a key of this process.
 */
export function tokenReviewer(ask: AskTokenReview, ttlMs: number): TokenReviewer {
  const answers = new Answers<UserInfo | undefined>(mostAnswers);
  const key = randomBytes(32);
  return (token) => {
    const digest = createHmac('sha256', key).update(token).digest('base64');
    const metadata = {};
    const question = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', metadata, spec: { token } };
    return answers.get(
      digest,
      async () => userOf(await ask(question)),
      () => ttlMs,
    );
  };
}

function userOf({ status }: TokenReview): UserInfo | undefined {
  const { username, uid, groups, extra } = status?.user ?? {};
  if (status?.authenticated !== true || !username) return undefined;
  return {
    name: username,
    ...(uid ? { uid } : {}),
    groups: groups ?? [],
    extra: Object.fromEntries(Object.entries(extra ?? {}).map(([name, values]) => [name, values ?? []])),
  };
}
