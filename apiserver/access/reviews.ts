import type {
  NonResourceRule,
  ResourceAttributes,
  ResourceRule,
  SelfSubjectAccessReview,
  SelfSubjectRulesReview,
  SubjectAccessReview,
  SubjectAccessReviewSpec,
} from '../../openapi/api.ts';
import { errors, type FieldError, field } from '../../openapi/machinery/errors.ts';
import type { KubernetesObject } from '../../openapi/machinery/object.ts';
import type { UserInfo } from '../request/info.ts';
import type { Attributes, Authorizer } from './authorization/attributes.ts';
import { administrators } from './authorization/union.ts';
import { rulesHeld } from './rbac/evaluate.ts';
import type { RulesSource } from './rbac/source.ts';

/** Answers of the create-only kinds of authorization.k8s.io and authentication.k8s.io; each returns the object with its status. */
export interface Reviews {
  selfSubjectAccessReview(object: KubernetesObject, user: UserInfo): Promise<KubernetesObject>;
  subjectAccessReview(object: KubernetesObject): Promise<KubernetesObject>;
  localSubjectAccessReview(object: KubernetesObject): Promise<KubernetesObject>;
  selfSubjectRulesReview(object: KubernetesObject, user: UserInfo): Promise<KubernetesObject>;
  selfSubjectReview(object: KubernetesObject, user: UserInfo): Promise<KubernetesObject>;
}

const group = 'authorization.k8s.io';

export function createReviews(authorizer: Authorizer, rules: RulesSource): Reviews {
  const decide = async (attributes: Attributes) => {
    const decision = await authorizer.authorize(attributes);
    return {
      allowed: decision.kind === 'allowed',
      ...(decision.kind === 'denied' ? { denied: true } : {}),
      ...(decision.reason === '' ? {} : { reason: decision.reason }),
    };
  };
  const ofSubject = async (object: KubernetesObject, more: readonly FieldError[]): Promise<KubernetesObject> => {
    const { spec } = object as unknown as SubjectAccessReview;
    const list = [...questionErrors(spec), ...more];
    if (!spec.user && !spec.groups?.length) {
      list.push(field.invalid('spec.user', spec.user ?? '', 'at least one of user or group must be specified'));
    }
    refuse(object, list);
    const user = { name: spec.user ?? '', groups: spec.groups ?? [], extra: spec.extra ?? {} };
    return { ...object, status: await decide(attributesOf(spec, user)) };
  };
  return {
    async selfSubjectAccessReview(object, user) {
      const { spec } = object as unknown as SelfSubjectAccessReview;
      refuse(object, questionErrors(spec));
      return { ...object, status: await decide(attributesOf(spec, user)) };
    },
    subjectAccessReview: (object) => ofSubject(object, []),
    localSubjectAccessReview(object) {
      const { spec } = object as unknown as SubjectAccessReview;
      const asked = spec.resourceAttributes?.namespace ?? '';
      const more: FieldError[] = [];
      if (spec.nonResourceAttributes) {
        more.push(field.invalid('spec.nonResourceAttributes', '', 'disallowed on this kind of request'));
      } else if (asked !== (object.metadata?.namespace ?? '')) {
        more.push(field.invalid('spec.resourceAttributes.namespace', asked, 'must match metadata.namespace'));
      }
      return ofSubject(object, more);
    },
    async selfSubjectRulesReview(object, user) {
      const { spec } = object as unknown as SelfSubjectRulesReview;
      if (!spec.namespace) throw errors.badRequest('no namespace on request');
      return { ...object, status: rulesStatus(user, spec.namespace, rules) };
    },
    async selfSubjectReview(object, user) {
      const { name: username, uid, groups, extra } = user;
      const userInfo = {
        username,
        ...(uid === undefined ? {} : { uid }),
        groups,
        ...(Object.keys(extra).length > 0 ? { extra } : {}),
      };
      return { ...object, status: { userInfo } };
    },
  };
}

function refuse(object: KubernetesObject, list: readonly FieldError[]): void {
  if (list.length > 0) throw errors.invalid({ group, kind: object.kind }, object.metadata?.name ?? '', list);
}

type Question = Pick<SubjectAccessReviewSpec, 'resourceAttributes' | 'nonResourceAttributes'>;

function questionErrors(spec: Question): FieldError[] {
  if (spec.resourceAttributes && spec.nonResourceAttributes) {
    return [
      field.invalid(
        'spec.nonResourceAttributes',
        spec.nonResourceAttributes,
        'cannot be specified in combination with resourceAttributes',
      ),
    ];
  }
  if (!spec.resourceAttributes && !spec.nonResourceAttributes) {
    return [
      field.invalid(
        'spec.resourceAttributes',
        null,
        'exactly one of nonResourceAttributes or resourceAttributes must be specified',
      ),
    ];
  }
  return [];
}

function attributesOf(spec: Question, user: UserInfo): Attributes {
  const { resourceAttributes: resource, nonResourceAttributes: path } = spec;
  if (resource === undefined) {
    return { user, verb: path?.verb ?? '', target: { kind: 'path', path: path?.path ?? '' } };
  }
  return { user, verb: resource.verb ?? '', target: { kind: 'resource', ...targetOf(resource) } };
}

function targetOf(resource: ResourceAttributes) {
  return {
    namespace: resource.namespace ?? '',
    group: resource.group ?? '',
    version: resource.version ?? '',
    resource: resource.resource ?? '',
    subresource: resource.subresource ?? '',
    name: resource.name ?? '',
    fieldSelector: resource.fieldSelector?.rawSelector ?? '',
    labelSelector: resource.labelSelector?.rawSelector ?? '',
  };
}

function rulesStatus(user: UserInfo, namespace: string, source: RulesSource) {
  const held = rulesHeld(user, namespace, source);
  const resourceRules: ResourceRule[] = [];
  const nonResourceRules: NonResourceRule[] = [];
  if (user.groups.includes(administrators)) {
    resourceRules.push({ verbs: ['*'], apiGroups: ['*'], resources: ['*'] });
    nonResourceRules.push({ verbs: ['*'], nonResourceURLs: ['*'] });
  }
  for (const rule of held.rules) {
    const verbs = [...rule.verbs];
    if (rule.nonResourceURLs?.length) nonResourceRules.push({ verbs, nonResourceURLs: [...rule.nonResourceURLs] });
    if (!rule.resources?.length) continue;
    resourceRules.push({
      verbs,
      apiGroups: [...(rule.apiGroups ?? [])],
      resources: [...rule.resources],
      ...(rule.resourceNames?.length ? { resourceNames: [...rule.resourceNames] } : {}),
    });
  }
  return {
    resourceRules,
    nonResourceRules,
    incomplete: false,
    ...(held.missing.length > 0 ? { evaluationError: held.missing.join(', ') } : {}),
  };
}
