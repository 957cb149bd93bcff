import type { Environment } from '@marcbachmann/cel-js';
import type { Authorizer, Decision } from '../../access/authorization/attributes.ts';
import type { UserInfo } from '../../request/info.ts';
import type { AdmissionRequest } from '../request.ts';

/** Whom `authorizer` asks, and for whom. */
interface Asking {
  readonly authorizer: Authorizer;
  readonly user: UserInfo;
}

type Check = Readonly<
  Record<
    'group' | 'version' | 'resource' | 'subresource' | 'namespace' | 'name' | 'fieldSelector' | 'labelSelector',
    string
  >
>;

const nothing: Check = {
  group: '',
  version: '*',
  resource: '',
  subresource: '',
  namespace: '',
  name: '',
  fieldSelector: '',
  labelSelector: '',
};

class ResourceCheck {
  readonly asking: Asking;
  readonly check: Check;
  constructor(asking: Asking, check: Check) {
    this.asking = asking;
    this.check = check;
  }
  with(more: Partial<Check>): ResourceCheck {
    return new ResourceCheck(this.asking, { ...this.check, ...more });
  }
}

/** The variable `authorizer` of an expression: what the user of the request may do. */
export class AuthorizerValue {
  readonly asking: Asking;
  readonly requestResource: ResourceCheck;
  constructor(authorizer: Authorizer, user: UserInfo, request: AdmissionRequest) {
    this.asking = { authorizer, user };
    const { resource, subresource, namespace, name } = request;
    this.requestResource = new ResourceCheck(this.asking, { ...nothing, ...resource, subresource, namespace, name });
  }
}

class GroupCheck extends ResourceCheck {}

class PathCheck {
  readonly asking: Asking;
  readonly path: string;
  constructor(asking: Asking, path: string) {
    this.asking = asking;
    this.path = path;
  }
}

class DecisionValue {
  readonly decision: Decision | { readonly kind: 'error'; readonly reason: string };
  constructor(decision: DecisionValue['decision']) {
    this.decision = decision;
  }
}

/** Kubernetes' authorizer library: `authorizer.group("").resource("pods").check("create").allowed()`. */
export function registerAuthorizer(environment: Environment): void {
  environment
    .registerType('ResourceCheck', { ctor: ResourceCheck, fields: {} })
    .registerType('GroupCheck', { ctor: GroupCheck, fields: {} })
    .registerType('PathCheck', { ctor: PathCheck, fields: {} })
    .registerType('Decision', { ctor: DecisionValue, fields: {} })
    .registerType('Authorizer', { ctor: AuthorizerValue, fields: { requestResource: 'ResourceCheck' } })
    .registerFunction('Authorizer.path(string): PathCheck', ({ asking }: AuthorizerValue, path: string) => {
      return new PathCheck(asking, path);
    })
    .registerFunction('Authorizer.group(string): GroupCheck', ({ asking }: AuthorizerValue, group: string) => {
      return new GroupCheck(asking, { ...nothing, group });
    })
    .registerFunction(
      'GroupCheck.resource(string): ResourceCheck',
      ({ asking, check }: GroupCheck, resource: string) => {
        return new ResourceCheck(asking, { ...check, resource });
      },
    );
  for (const part of ['subresource', 'namespace', 'name', 'fieldSelector', 'labelSelector'] as const) {
    environment.registerFunction(
      `ResourceCheck.${part}(string): ResourceCheck`,
      (check: ResourceCheck, value: string) => check.with({ [part]: value }),
    );
  }
  environment
    .registerFunction('ResourceCheck.check(string): Decision', ({ asking, check }: ResourceCheck, verb: string) =>
      ask(asking, verb, { kind: 'resource', ...check }),
    )
    .registerFunction('PathCheck.check(string): Decision', ({ asking, path }: PathCheck, verb: string) =>
      ask(asking, verb, { kind: 'path', path }),
    )
    .registerFunction('Decision.allowed(): bool', ({ decision }: DecisionValue) => decision.kind === 'allowed')
    .registerFunction('Decision.reason(): string', ({ decision }: DecisionValue) => decision.reason)
    .registerFunction('Decision.errored(): bool', ({ decision }: DecisionValue) => decision.kind === 'error')
    .registerFunction('Decision.error(): string', ({ decision }: DecisionValue) =>
      decision.kind === 'error' ? decision.reason : '',
    );
}

async function ask(
  { authorizer, user }: Asking,
  verb: string,
  target: Parameters<Authorizer['authorize']>[0]['target'],
): Promise<DecisionValue> {
  try {
    return new DecisionValue(await authorizer.authorize({ user, verb, target }));
  } catch (error) {
    return new DecisionValue({ kind: 'error', reason: (error as Error).message });
  }
}
