import type { ApiObject, Resource } from '../../openapi/client/resources.ts';
import type { LabelSelector } from '../../openapi/machinery/labels.ts';

/** The host cluster's kinds that admission follows, as far as they are read here. */

/** admissionregistration.k8s.io RuleWithOperations; resourceNames only in policies. */
export interface Rule {
  readonly apiGroups?: readonly string[];
  readonly apiVersions?: readonly string[];
  /** 'virtualmachines', 'virtualmachines/status', '*', '*' + '/*', … */
  readonly resources?: readonly string[];
  readonly operations?: readonly string[];
  readonly scope?: string;
  readonly resourceNames?: readonly string[];
}

export interface NamedExpression {
  readonly name: string;
  /** CEL. */
  readonly expression: string;
}

export interface WebhookClientConfig {
  readonly url?: string;
  readonly service?: {
    readonly namespace: string;
    readonly name: string;
    readonly path?: string;
    readonly port?: number;
  };
  /** PEM in base64. */
  readonly caBundle?: string;
}

export interface Webhook {
  readonly name: string;
  readonly clientConfig: WebhookClientConfig;
  readonly rules?: readonly Rule[];
  readonly failurePolicy?: string;
  readonly matchPolicy?: string;
  readonly namespaceSelector?: LabelSelector;
  readonly objectSelector?: LabelSelector;
  readonly sideEffects?: string;
  readonly timeoutSeconds?: number;
  readonly admissionReviewVersions?: readonly string[];
  readonly matchConditions?: readonly NamedExpression[];
  /** Of mutating webhooks. */
  readonly reinvocationPolicy?: string;
}

export interface WebhookConfiguration extends ApiObject {
  webhooks?: readonly Webhook[];
}

/** Which requests a policy or its binding is about. */
export interface MatchResources {
  readonly namespaceSelector?: LabelSelector;
  readonly objectSelector?: LabelSelector;
  readonly resourceRules?: readonly Rule[];
  readonly excludeResourceRules?: readonly Rule[];
  readonly matchPolicy?: string;
}

export interface Validation {
  readonly expression: string;
  readonly message?: string;
  readonly messageExpression?: string;
  readonly reason?: string;
}

export interface AdmissionPolicy extends ApiObject {
  spec?: {
    readonly paramKind?: { readonly apiVersion: string; readonly kind: string };
    readonly matchConstraints?: MatchResources;
    readonly validations?: readonly Validation[];
    readonly auditAnnotations?: readonly { readonly key: string; readonly valueExpression: string }[];
    readonly failurePolicy?: string;
    readonly matchConditions?: readonly NamedExpression[];
    readonly variables?: readonly NamedExpression[];
  };
}

export interface ParamRef {
  readonly name?: string;
  readonly namespace?: string;
  readonly selector?: LabelSelector;
  readonly parameterNotFoundAction?: string;
}

export interface AdmissionPolicyBinding extends ApiObject {
  spec?: {
    readonly policyName?: string;
    readonly paramRef?: ParamRef;
    readonly matchResources?: MatchResources;
    readonly validationActions?: readonly string[];
  };
}

export interface ResourceQuota extends ApiObject {
  spec?: {
    readonly hard?: Readonly<Record<string, string>>;
    readonly scopes?: readonly string[];
    readonly scopeSelector?: object;
  };
  status?: {
    readonly hard?: Readonly<Record<string, string>>;
    readonly used?: Readonly<Record<string, string>>;
  };
}

const registration = <T extends ApiObject>(version: string, plural: string, kind: string): Resource<T> => ({
  group: 'admissionregistration.k8s.io',
  version,
  plural,
  kind,
  namespaced: false,
});

export const mutatingWebhookConfigurations = registration<WebhookConfiguration>(
  'v1',
  'mutatingwebhookconfigurations',
  'MutatingWebhookConfiguration',
);
export const validatingWebhookConfigurations = registration<WebhookConfiguration>(
  'v1',
  'validatingwebhookconfigurations',
  'ValidatingWebhookConfiguration',
);

export const admissionPolicies = (version: string) =>
  registration<AdmissionPolicy>(version, 'validatingadmissionpolicies', 'ValidatingAdmissionPolicy');
export const admissionPolicyBindings = (version: string) =>
  registration<AdmissionPolicyBinding>(
    version,
    'validatingadmissionpolicybindings',
    'ValidatingAdmissionPolicyBinding',
  );

export const resourceQuotas: Resource<ResourceQuota> = {
  group: '',
  version: 'v1',
  plural: 'resourcequotas',
  kind: 'ResourceQuota',
  namespaced: true,
};
