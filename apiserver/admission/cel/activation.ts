import type { Authorizer } from '../../access/authorization/attributes.ts';
import type { AdmissionRequest } from '../request.ts';
import { requestDocument } from '../webhooks/review.ts';
import { AuthorizerValue } from './authorizer.ts';
import { celValue } from './values.ts';

/** The variables that every expression has. */
export const REQUEST_VARIABLES = ['object', 'oldObject', 'request', 'authorizer'] as const;

export type Activation = Readonly<Record<(typeof REQUEST_VARIABLES)[number], unknown>>;

/** Made once for all expressions that are asked about the same state of a request. */
export function activationOf(request: AdmissionRequest, authorizer: Authorizer): Activation {
  return {
    object: celValue(request.object ?? null),
    oldObject: celValue(request.old ?? null),
    request: celValue(requestDocument(request)),
    authorizer: new AuthorizerValue(authorizer, request.user, request),
  };
}
