import {
  mutatingWebhookConfigurations,
  resourceQuotas,
  validatingWebhookConfigurations,
} from '../../apiserver/admission/kinds.ts';
import type { SubjectAccessReviewSpec, SubjectAccessReviewStatus } from '../../openapi/api.ts';
import { resources } from '../../openapi/client/resources.ts';
import { HostStandIn } from './host-stand-in.ts';

/** A host cluster with everything that our server follows, whose answers about users a test decides. */
export class TestHost extends HostStandIn {
  /** Every question of a SubjectAccessReview, and every token of a TokenReview, in order. */
  readonly questions: SubjectAccessReviewSpec[] = [];
  readonly tokens: string[] = [];
  decide: (spec: SubjectAccessReviewSpec) => SubjectAccessReviewStatus = () => ({ allowed: false });
  whose: (token: string) => Record<string, unknown> = () => ({ authenticated: false });

  constructor() {
    super();
    const { namespaces, configMaps } = resources;
    this.serve(namespaces, configMaps, mutatingWebhookConfigurations, validatingWebhookConfigurations, resourceQuotas);
  }

  /** kube-system/extension-apiserver-authentication; undefined deletes it. */
  set authentication(data: Record<string, string> | undefined) {
    const name = 'extension-apiserver-authentication';
    const namespace = 'kube-system';
    if (data === undefined) this.remove(resources.configMaps, `${namespace}/${name}`);
    else this.put(resources.configMaps, { metadata: { name, namespace }, data });
  }

  protected override reviewed(plural: string, spec: unknown): object | undefined {
    switch (plural) {
      case 'subjectaccessreviews':
        this.questions.push(spec as SubjectAccessReviewSpec);
        return this.decide(spec as SubjectAccessReviewSpec);
      case 'tokenreviews': {
        const { token } = spec as { token: string };
        this.tokens.push(token);
        return this.whose(token);
      }
      default:
        return undefined;
    }
  }
}
