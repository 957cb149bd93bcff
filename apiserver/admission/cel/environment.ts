import { setFlagsFromString } from 'node:v8';
import { Environment } from '@marcbachmann/cel-js';
import { registerAuthorizer } from './authorizer.ts';
import { registerCollections } from './collections.ts';
import { registerQuantities } from './quantities.ts';
import { registerStrings } from './strings.ts';
import { registerUrls } from './urls.ts';

/**
 * CEL expressions of the host cluster's rules.
 *
 * C1  What Kubernetes would not take does not compile here either: unknown variables and functions, a wrong result type.
 * C2  An expression that fails throws a CelError, and so does one whose result has another type than was said.
 * C3  An expression cannot reach anything but its variables: no prototype, no function that is not registered here.
 * C4  A regular expression takes linear time where that is possible at all: what users write meets patterns here that
 *     were written for an engine that never backtracks.
 */
export class CelError extends Error {
  override readonly name = 'CelError';
}

export type ResultType = 'bool' | 'string' | 'any';

export interface Expression {
  readonly text: string;
  /** Asynchronous because of `authorizer`. @throws CelError */
  evaluate(variables: Readonly<Record<string, unknown>>): Promise<unknown>;
}

// C4: V8 goes over to its linear engine when a match has backtracked often.
setFlagsFromString('--enable-experimental-regexp-engine-on-excessive-backtracks');
setFlagsFromString('--regexp-backtracks-before-fallback=10000');

const limits = { maxAstNodes: 20_000, maxDepth: 200 };

const base = new Environment({ enableOptionalTypes: true, homogeneousAggregateLiterals: false, limits });
for (const register of [registerStrings, registerCollections, registerQuantities, registerUrls, registerAuthorizer]) {
  register(base);
}

/** One set of variables. All are dynamic: objects of any kind stand there. */
export class CelEnvironment {
  readonly #environment: Environment;

  constructor(variables: readonly string[]) {
    this.#environment = base.clone();
    for (const name of variables)
      this.#environment.registerVariable(name, name === 'authorizer' ? 'Authorizer' : 'dyn');
  }

  /** @throws CelError */
  compile(text: string, returns: ResultType): Expression {
    const checked = this.#environment.check(text);
    if (!checked.valid) throw new CelError(`compilation failed: ${firstLine(checked.error)}`);
    if (returns !== 'any' && checked.type !== returns && checked.type !== 'dyn') {
      throw new CelError(`must evaluate to ${returns}, and not to ${checked.type}`);
    }
    const program = this.#environment.parse(text);
    return {
      text,
      async evaluate(variables) {
        let result: unknown;
        try {
          result = await program(variables as Record<string, unknown>);
        } catch (error) {
          throw error instanceof CelError ? error : new CelError(firstLine(error));
        }
        if (returns === 'any' || typeof result === (returns === 'bool' ? 'boolean' : 'string')) return result;
        throw new CelError(`expression evaluates to another type than ${returns}`);
      },
    };
  }
}

/** The library shows the place of an error in further lines, which is more than a Status can take. */
function firstLine(error: unknown): string {
  const { summary, message } = error as { summary?: string; message?: string };
  return (summary ?? message ?? String(error)).split('\n', 1)[0] ?? '';
}
