import type { SubjectAccessReview, SubjectAccessReviewSpec } from '../../../openapi/api.ts';
import { parseFieldSelector } from '../../../openapi/machinery/fields.ts';
import { parseLabelSelector, SelectorError } from '../../../openapi/machinery/labels.ts';
import { Answers } from '../answers.ts';
import type { Attributes, Authorizer, Decision, ResourceTarget } from './attributes.ts';
import { AuthorizationFailure } from './failure.ts';

/**
 * Asks the host cluster what somebody may do (SubjectAccessReview).
 *
 * D1  Answers are kept by the whole question: for `allowedMs` when it is allowed, else for `deniedMs`. A question of more
 *     than 10,000 characters is asked each time: users choose what stands in it.
 * D2  When the cluster does not answer, that is a failure of ours and not a no: AuthorizationFailure.
 */
export interface DelegatedOptions {
  /** Has the cluster answer one review; rejects when it cannot. */
  review(question: SubjectAccessReview): Promise<SubjectAccessReview>;
  readonly allowedMs: number;
  readonly deniedMs: number;
}

const mostAnswers = 8_192;
const longestKept = 10_000;

export function delegatedAuthorizer(options: DelegatedOptions): Authorizer {
  const answers = new Answers<Decision>(mostAnswers);
  const ask = async (spec: SubjectAccessReviewSpec): Promise<Decision> => {
    const question = {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SubjectAccessReview',
      metadata: {},
      spec,
    } as const;
    try {
      return decisionOf(await options.review(question));
    } catch (error) {
      throw new AuthorizationFailure(error);
    }
  };
  return {
    authorize(attributes) {
      const spec = specOf(attributes);
      const key = JSON.stringify(spec);
      if (key.length > longestKept) return ask(spec);
      const ttl = ({ kind }: Decision) => (kind === 'allowed' ? options.allowedMs : options.deniedMs);
      return answers.get(key, () => ask(spec), ttl);
    },
  };
}

function decisionOf({ status }: SubjectAccessReview): Decision {
  const reason = status?.reason ?? '';
  if (status?.allowed === true) return { kind: 'allowed', reason };
  return { kind: status?.denied === true ? 'denied' : 'no opinion', reason };
}

function specOf({ user, verb, target }: Attributes): SubjectAccessReviewSpec {
  const extra = Object.fromEntries(Object.entries(user.extra).map(([key, values]) => [key, [...values]]));
  return {
    user: user.name,
    ...(user.uid === undefined ? {} : { uid: user.uid }),
    groups: [...user.groups],
    ...(Object.keys(extra).length > 0 ? { extra } : {}),
    ...(target.kind === 'path'
      ? { nonResourceAttributes: { path: target.path, verb } }
      : { resourceAttributes: { ...placeOf(target), verb, ...selectorsOf(verb, target) } }),
  };
}

function placeOf({ namespace, group, version, resource, subresource, name }: ResourceTarget) {
  return { namespace, group, version, resource, subresource, name };
}

const selecting: ReadonlySet<string> = new Set(['list', 'watch', 'deletecollection']);

/** A selector that cannot be read limits nothing; the request itself will be refused for it. */
function selectorsOf(verb: string, { fieldSelector, labelSelector }: ResourceTarget) {
  if (!selecting.has(verb)) return {};
  const fields = readable(() =>
    parseFieldSelector(fieldSelector).map(({ path, equal, value }) => ({
      key: path,
      operator: equal ? ('In' as const) : ('NotIn' as const),
      values: [value],
    })),
  );
  const labels = readable(() =>
    parseLabelSelector(labelSelector).flatMap(({ key, operator, values }) =>
      // Comparisons cannot be said in a review; leaving one out asks for more than is needed.
      operator === 'GreaterThan' || operator === 'LessThan'
        ? []
        : [{ key, operator, ...(values.length > 0 ? { values: [...values] } : {}) }],
    ),
  );
  return {
    ...(fields.length > 0 ? { fieldSelector: { requirements: fields } } : {}),
    ...(labels.length > 0 ? { labelSelector: { requirements: labels } } : {}),
  };
}

function readable<T>(read: () => T[]): T[] {
  try {
    return read();
  } catch (error) {
    if (error instanceof SelectorError) return [];
    throw error;
  }
}
