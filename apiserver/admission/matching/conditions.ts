import type { CelEnvironment, Expression } from '../cel/environment.ts';
import type { NamedExpression } from '../kinds.ts';

/** matchConditions of a webhook or policy. */
export interface Conditions {
  readonly expressions: readonly (NamedExpression & { readonly compiled: Expression | Error })[];
}

export type ConditionOutcome =
  | { readonly kind: 'match' }
  | { readonly kind: 'no match'; readonly condition: string }
  /** No condition said no, and at least one could not say. */
  | { readonly kind: 'error'; readonly message: string };

/** What does not compile is an error whenever it is asked: failurePolicy decides about it. */
export function compileConditions(
  environment: CelEnvironment,
  conditions: readonly NamedExpression[] | undefined,
): Conditions {
  return {
    expressions: (conditions ?? []).map((one) => ({ ...one, compiled: compiled(environment, one.expression) })),
  };
}

function compiled(environment: CelEnvironment, text: string): Expression | Error {
  try {
    return environment.compile(text, 'bool');
  } catch (error) {
    return error as Error;
  }
}

export async function checkConditions(
  { expressions }: Conditions,
  variables: () => Readonly<Record<string, unknown>>,
): Promise<ConditionOutcome> {
  const problems: string[] = [];
  for (const { name, expression, compiled: program } of expressions) {
    try {
      if (program instanceof Error) throw program;
      if (!(await program.evaluate(variables()))) return { kind: 'no match', condition: name };
    } catch (error) {
      problems.push(`expression '${expression}' resulted in error: ${(error as Error).message}`);
    }
  }
  return problems.length === 0 ? { kind: 'match' } : { kind: 'error', message: problems.join('; ') };
}
