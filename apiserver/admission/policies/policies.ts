import type { ApiObject } from '../../../openapi/client/resources.ts';
import { errors, errorTable, StatusError } from '../../../openapi/machinery/errors.ts';
import type { Authorizer } from '../../access/authorization/attributes.ts';
import { matchesRules } from '../matching/rules.ts';
import type { NamespaceOf } from '../matching/selectors.ts';
import type { AdmissionRequest } from '../request.ts';
import type { CompiledBinding, CompiledPolicy, Matcher } from './compile.ts';
import { type Evaluation, evaluatePolicy, type Failure, type PolicyActivation, policyActivation } from './evaluate.ts';
import type { PolicyMetrics } from './metrics.ts';
import type { Params } from './params.ts';

export interface PolicyParts {
  readonly policies: () => Promise<readonly CompiledPolicy[]>;
  readonly params: Params;
  readonly namespaceOf: NamespaceOf;
  readonly authorizer: Authorizer;
  readonly metrics: PolicyMetrics;
}

/** Enforces ValidatingAdmissionPolicies: what a binding says to do with a failure (Deny, Warn, Audit) is done. */
export function createPolicies(parts: PolicyParts) {
  return async (request: AdmissionRequest): Promise<void> => {
    let activation: PolicyActivation | undefined;
    const activate = async (): Promise<PolicyActivation> => {
      const namespace = request.namespace === '' ? undefined : await parts.namespaceOf(request.namespace);
      activation ??= policyActivation(request, parts.authorizer, namespace);
      return activation;
    };
    const denials: { readonly text: string; readonly reason: string | undefined }[] = [];
    const audited: object[] = [];
    for (const policy of await parts.policies()) {
      if (!(await matches(policy.matcher, request, parts.namespaceOf))) continue;
      for (const binding of policy.bindings) {
        if (binding.matcher !== undefined && !(await matches(binding.matcher, request, parts.namespaceOf))) continue;
        for (const { failures, auditAnnotations } of await evaluations(policy, binding, request, parts, activate)) {
          for (const { key, value } of auditAnnotations) request.annotate(`${policy.name}/${key}`, value);
          for (const failure of failures) enforce(policy, binding, failure, request, { denials, audited, parts });
        }
      }
    }
    if (audited.length > 0) {
      request.annotate('validation.policy.admission.k8s.io/validation_failure', JSON.stringify(audited));
    }
    const [first] = denials;
    if (first !== undefined) throw denial(request, first.text, first.reason);
  };
}

async function matches(
  { rules, excluded, selectors }: Matcher,
  request: AdmissionRequest,
  namespaceOf: NamespaceOf,
): Promise<boolean> {
  if (matchesRules(excluded, request)) return false;
  if (rules !== undefined && rules.length > 0 && !matchesRules(rules, request)) return false;
  return selectors.match(request, namespaceOf);
}

/** One for each object of parameters. */
async function evaluations(
  policy: CompiledPolicy,
  binding: CompiledBinding,
  request: AdmissionRequest,
  { params }: PolicyParts,
  activate: () => Promise<PolicyActivation>,
): Promise<readonly Evaluation[]> {
  let given: readonly (ApiObject | undefined)[] = [undefined];
  if (policy.paramKind !== undefined && binding.paramRef !== undefined) {
    try {
      given = await params.read(policy.paramKind, binding.paramRef, request.namespace);
    } catch (error) {
      if (policy.failOpen) return [];
      const message = `failed to configure binding: ${(error as Error).message}`;
      return [{ failures: [{ message, reason: undefined, index: -1 }], auditAnnotations: [] }];
    }
  }
  const activation = await activate();
  const results: Evaluation[] = [];
  for (const one of given) results.push(await evaluatePolicy(policy, activation, one));
  return results;
}

interface Enforcement {
  readonly denials: { readonly text: string; readonly reason: string | undefined }[];
  readonly audited: object[];
  readonly parts: PolicyParts;
}

function enforce(
  policy: CompiledPolicy,
  binding: CompiledBinding,
  { message, reason, index }: Failure,
  request: AdmissionRequest,
  { denials, audited, parts }: Enforcement,
): void {
  const { actions, name } = binding;
  for (const action of actions) {
    parts.metrics.failed(policy.name, name, action);
    switch (action) {
      case 'Deny':
        denials.push({
          text: `ValidatingAdmissionPolicy '${policy.name}' with binding '${name}' denied request: ${message}`,
          reason,
        });
        break;
      case 'Warn':
        request.warnings.push(
          `Validation failed for ValidatingAdmissionPolicy '${policy.name}' with binding '${name}': ${message}`,
        );
        break;
      case 'Audit':
        audited.push({
          message,
          policy: policy.name,
          binding: name,
          expressionIndex: index,
          validationActions: actions,
        });
        break;
      default:
        // A newer cluster's action: what is not understood must not let anything pass.
        denials.push({
          text: `ValidatingAdmissionPolicy '${policy.name}' with binding '${name}' failed, and its action ${JSON.stringify(action)} is not known here: ${message}`,
          reason,
        });
    }
  }
}

/** The reasons that a validation may name. */
const codes: Readonly<Record<string, number>> = {
  Unauthorized: errorTable.unauthorized.code,
  Forbidden: errorTable.forbidden.code,
  RequestEntityTooLarge: errorTable.requestTooLarge.code,
  Invalid: errorTable.invalid.code,
};

function denial(request: AdmissionRequest, message: string, reason: string | undefined): StatusError {
  const { group, resource: plural } = request.resource;
  const { status } = errors.notAdmitted({ group, plural }, request.name, message);
  return new StatusError({
    ...status,
    reason: reason || 'Invalid',
    code: codes[reason ?? ''] ?? errorTable.invalid.code,
    details: { ...status.details, causes: [{ message }] },
  });
}
