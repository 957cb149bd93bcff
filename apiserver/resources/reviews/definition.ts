import type { KubernetesObject } from '../../../openapi/machinery/object.ts';
import type { ResourceDefinition } from '../../registry/resource.ts';
import type { RequestContext } from '../../request/context.ts';
import { coreDefinition } from '../core-definition.ts';
import { coreTable } from '../core-table.ts';

type Answer = (object: KubernetesObject, context: RequestContext) => Promise<KubernetesObject>;

/** Who answers the questions about who somebody is and what they may do (apiserver/access). */
export interface ReviewAnswers {
  selfSubjectAccessReview(object: KubernetesObject, user: RequestContext['user']): Promise<KubernetesObject>;
  subjectAccessReview(object: KubernetesObject): Promise<KubernetesObject>;
  localSubjectAccessReview(object: KubernetesObject): Promise<KubernetesObject>;
  selfSubjectRulesReview(object: KubernetesObject, user: RequestContext['user']): Promise<KubernetesObject>;
  selfSubjectReview(object: KubernetesObject, user: RequestContext['user']): Promise<KubernetesObject>;
}

/** Kinds that are asked and not stored: POST a question, get it back with the answer in its status. */
export function accessReviews(answers: ReviewAnswers): readonly ResourceDefinition[] {
  const review = (kind: string, plural: string, namespaced: boolean, answer: Answer, group = 'authorization.k8s.io') =>
    coreDefinition({
      group,
      kind,
      plural,
      namespaced,
      verbs: ['create'],
      strategy: { hasStatus: true, answer },
      table: coreTable(),
    });
  return [
    review('SelfSubjectAccessReview', 'selfsubjectaccessreviews', false, (object, { user }) =>
      answers.selfSubjectAccessReview(object, user),
    ),
    review('SubjectAccessReview', 'subjectaccessreviews', false, (object) => answers.subjectAccessReview(object)),
    review('LocalSubjectAccessReview', 'localsubjectaccessreviews', true, (object) =>
      answers.localSubjectAccessReview(object),
    ),
    review('SelfSubjectRulesReview', 'selfsubjectrulesreviews', false, (object, { user }) =>
      answers.selfSubjectRulesReview(object, user),
    ),
    review(
      'SelfSubjectReview',
      'selfsubjectreviews',
      false,
      (object, { user }) => answers.selfSubjectReview(object, user),
      'authentication.k8s.io',
    ),
  ];
}
