import type { Informer } from '../../../openapi/client/informer.ts';
import { REQUEST_VARIABLES } from '../cel/activation.ts';
import { CelEnvironment, type Expression, type ResultType } from '../cel/environment.ts';
import type { AdmissionPolicy, AdmissionPolicyBinding, MatchResources, Rule, Validation } from '../kinds.ts';
import { type Conditions, compileConditions } from '../matching/conditions.ts';
import { compileSelectors } from '../matching/selectors.ts';

/** What does not compile stays as the error, to be met when the policy is asked: failurePolicy decides about it. */
export type Compiled = Expression | Error;

export interface Matcher {
  readonly rules: readonly Rule[] | undefined;
  readonly excluded: readonly Rule[] | undefined;
  readonly selectors: ReturnType<typeof compileSelectors>;
}

export interface CompiledPolicy {
  readonly name: string;
  readonly failOpen: boolean;
  readonly paramKind: { readonly apiVersion: string; readonly kind: string } | undefined;
  readonly matcher: Matcher;
  readonly conditions: Conditions;
  readonly variables: readonly { readonly name: string; readonly compiled: Compiled }[];
  readonly validations: readonly (Validation & { readonly compiled: Compiled; readonly says: Compiled | undefined })[];
  readonly auditAnnotations: readonly { readonly key: string; readonly compiled: Compiled }[];
  readonly bindings: readonly CompiledBinding[];
}

export interface CompiledBinding {
  readonly name: string;
  readonly paramRef: NonNullable<AdmissionPolicyBinding['spec']>['paramRef'];
  /** Undefined = it is about everything that the policy is about. */
  readonly matcher: Matcher | undefined;
  readonly actions: readonly string[];
}

const policyVariables = [...REQUEST_VARIABLES, 'namespaceObject', 'variables'];
const withParams = new CelEnvironment([...policyVariables, 'params']);
const withoutParams = new CelEnvironment(policyVariables);

/** Policies that something is bound to, by name. A policy without a binding says nothing. */
export function compilePolicies(
  policies: readonly AdmissionPolicy[],
  bindings: readonly AdmissionPolicyBinding[],
): readonly CompiledPolicy[] {
  const byPolicy = new Map<string, AdmissionPolicyBinding[]>();
  for (const binding of sorted(bindings)) {
    const name = binding.spec?.policyName ?? '';
    byPolicy.set(name, [...(byPolicy.get(name) ?? []), binding]);
  }
  return sorted(policies).flatMap((policy) => {
    const bound = byPolicy.get(policy.metadata.name ?? '');
    return bound === undefined ? [] : [compilePolicy(policy, bound)];
  });
}

/** The same, kept in step with what is followed. */
export function followPolicies(
  policies: Informer<AdmissionPolicy>,
  bindings: Informer<AdmissionPolicyBinding>,
): () => readonly CompiledPolicy[] {
  let compiled: readonly CompiledPolicy[] | undefined;
  const again = (): void => {
    compiled = undefined;
  };
  policies.onKey(again);
  bindings.onKey(again);
  return () => {
    compiled ??= compilePolicies(policies.list(), bindings.list());
    return compiled;
  };
}

const sorted = <T extends { metadata: { name?: string } }>(list: readonly T[]) =>
  [...list].sort((a, b) => ((a.metadata.name ?? '') < (b.metadata.name ?? '') ? -1 : 1));

function compilePolicy(
  { metadata, spec = {} }: AdmissionPolicy,
  bindings: readonly AdmissionPolicyBinding[],
): CompiledPolicy {
  const environment = spec.paramKind === undefined ? withoutParams : withParams;
  const compile = (text: string, returns: ResultType): Compiled => {
    try {
      return environment.compile(text, returns);
    } catch (error) {
      return error as Error;
    }
  };
  return {
    name: metadata.name ?? '',
    failOpen: spec.failurePolicy === 'Ignore',
    paramKind: spec.paramKind,
    matcher: matcherOf(spec.matchConstraints ?? {}),
    conditions: compileConditions(environment, spec.matchConditions),
    variables: (spec.variables ?? []).map(({ name, expression }) => ({ name, compiled: compile(expression, 'any') })),
    validations: (spec.validations ?? []).map((one) => ({
      ...one,
      compiled: compile(one.expression, 'bool'),
      says: one.messageExpression ? compile(one.messageExpression, 'string') : undefined,
    })),
    auditAnnotations: (spec.auditAnnotations ?? []).map(({ key, valueExpression }) => ({
      key,
      compiled: compile(valueExpression, 'any'),
    })),
    bindings: bindings.map(({ metadata: { name = '' }, spec: of = {} }) => ({
      name,
      paramRef: of.paramRef,
      matcher: of.matchResources && matcherOf(of.matchResources),
      actions: of.validationActions ?? [],
    })),
  };
}

const matcherOf = (resources: MatchResources): Matcher => ({
  rules: resources.resourceRules,
  excluded: resources.excludeResourceRules,
  selectors: compileSelectors(resources),
});
