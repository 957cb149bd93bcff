import type { ApiObject } from '../../../openapi/client/resources.ts';
import { type Activation, activationOf } from '../cel/activation.ts';
import { celValue } from '../cel/values.ts';
import { checkConditions } from '../matching/conditions.ts';
import type { AdmissionRequest } from '../request.ts';
import type { Compiled, CompiledPolicy } from './compile.ts';

/** What one validation of a policy says about a request. */
export interface Failure {
  readonly message: string;
  /** A reason of the error table; absent = Invalid. */
  readonly reason: string | undefined;
  /** Its place in spec.validations; -1 for what is wrong with the policy itself. */
  readonly index: number;
}

export interface Evaluation {
  readonly failures: readonly Failure[];
  readonly auditAnnotations: readonly { readonly key: string; readonly value: string }[];
}

/** The activation of a request with what only policies have. */
export interface PolicyActivation extends Activation {
  readonly namespaceObject: unknown;
}

export function policyActivation(
  request: AdmissionRequest,
  authorizer: Parameters<typeof activationOf>[1],
  namespace: object | undefined,
): PolicyActivation {
  return { ...activationOf(request, authorizer), namespaceObject: celValue(namespace ?? null) };
}

const LONGEST_MESSAGE = 5 * 1024;
const nothing: Evaluation = { failures: [], auditAnnotations: [] };

/**
 * Evaluates a policy about one request with one object of parameters (undefined when it takes none). What cannot be
 * evaluated is a failure, or nothing under failurePolicy Ignore.
 */
export async function evaluatePolicy(
  policy: CompiledPolicy,
  request: PolicyActivation,
  params: ApiObject | undefined,
): Promise<Evaluation> {
  const given = policy.paramKind === undefined ? request : { ...request, params: celValue(params ?? null) };
  const activation = { ...given, variables: await variablesOf(policy, given) };
  const failure = (message: string): Failure[] => (policy.failOpen ? [] : [{ message, reason: undefined, index: -1 }]);
  const outcome = await checkConditions(policy.conditions, () => activation);
  if (outcome.kind === 'no match') return nothing;
  if (outcome.kind === 'error') return { ...nothing, failures: failure(outcome.message) };
  const failures: Failure[] = [];
  for (const [index, { compiled, expression, message, reason, says }] of policy.validations.entries()) {
    try {
      if ((await run(compiled, activation)) === true) continue;
      const words = (await said(says, activation)) ?? message?.trim();
      failures.push({ message: words || `failed expression: ${expression.trim()}`, reason, index });
    } catch (error) {
      const why = `expression '${expression}' resulted in error: ${(error as Error).message}`;
      if (!policy.failOpen) failures.push({ message: why, reason, index });
    }
  }
  const auditAnnotations: { key: string; value: string }[] = [];
  for (const { key, compiled } of policy.auditAnnotations) {
    try {
      const value = await run(compiled, activation);
      if (typeof value === 'string' && value.trim() !== '') auditAnnotations.push({ key, value: value.trim() });
      else if (value !== null && typeof value !== 'string')
        throw new Error('valueExpression must give a string or null');
    } catch (error) {
      failures.push(...failure(`audit annotation ${JSON.stringify(key)}: ${(error as Error).message}`));
    }
  }
  return { failures, auditAnnotations };
}

async function run(compiled: Compiled, activation: Readonly<Record<string, unknown>>): Promise<unknown> {
  if (compiled instanceof Error) throw compiled;
  return compiled.evaluate(activation);
}

/** A message that cannot be made, or that is none, gives way to the fixed one. */
async function said(
  compiled: Compiled | undefined,
  activation: Readonly<Record<string, unknown>>,
): Promise<string | undefined> {
  if (compiled === undefined) return undefined;
  try {
    const text = String(await run(compiled, activation)).trim();
    return text === '' || text.length > LONGEST_MESSAGE || text.includes('\n') ? undefined : text;
  } catch {
    return undefined;
  }
}

/** In order, as each may use those before it. One that fails is an error where it is used, and nowhere else. */
async function variablesOf(policy: CompiledPolicy, activation: object): Promise<object> {
  const variables = {};
  for (const { name, compiled } of policy.variables) {
    const property = await run(compiled, { ...activation, variables }).then(
      (value) => ({ value }),
      (error: unknown) => ({
        get() {
          throw error;
        },
      }),
    );
    Object.defineProperty(variables, name, { enumerable: true, ...property });
  }
  return variables;
}
