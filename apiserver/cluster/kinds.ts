import type { SubjectAccessReview } from '../../openapi/api.ts';
import type { ApiObject, Resource } from '../../openapi/client/resources.ts';

/** Kinds that the host cluster serves and we do not, as far as this server reads or asks them. */

export interface TokenReview extends ApiObject {
  spec: { token: string };
  status?: {
    authenticated?: boolean;
    user?: {
      username?: string;
      uid?: string;
      groups?: readonly string[] | null;
      extra?: Readonly<Record<string, readonly string[] | null>> | null;
    };
    error?: string;
  };
}

export const hostKinds = {
  tokenReviews: {
    group: 'authentication.k8s.io',
    version: 'v1',
    plural: 'tokenreviews',
    kind: 'TokenReview',
    namespaced: false,
  } as Resource<TokenReview>,
  subjectAccessReviews: {
    group: 'authorization.k8s.io',
    version: 'v1',
    plural: 'subjectaccessreviews',
    kind: 'SubjectAccessReview',
    namespaced: false,
  } as Resource<SubjectAccessReview>,
} as const;
