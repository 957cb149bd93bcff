import type { Informer } from '../../../openapi/client/informer.ts';
import { REQUEST_VARIABLES } from '../cel/activation.ts';
import { CelEnvironment } from '../cel/environment.ts';
import type { Webhook, WebhookConfiguration } from '../kinds.ts';
import { type Conditions, compileConditions } from '../matching/conditions.ts';
import { compileSelectors } from '../matching/selectors.ts';

/** A webhook with everything that can be made before a request comes. */
export interface Hook {
  readonly webhook: Webhook;
  readonly configuration: string;
  /** Tells hooks of one name in one configuration apart. */
  readonly uid: string;
  readonly failOpen: boolean;
  /** Milliseconds. */
  readonly timeoutMs: number;
  readonly selectors: ReturnType<typeof compileSelectors>;
  readonly conditions: Conditions;
}

const environment = new CelEnvironment(REQUEST_VARIABLES);
const DEFAULT_TIMEOUT_SECONDS = 10;
const LONGEST_TIMEOUT_SECONDS = 30;

/** Configurations in the order of their names, the hooks of each in its own order. */
export function hooksOf(configurations: readonly WebhookConfiguration[]): readonly Hook[] {
  return [...configurations]
    .sort((a, b) => ((a.metadata.name ?? '') < (b.metadata.name ?? '') ? -1 : 1))
    .flatMap(({ metadata: { name = '' }, webhooks = [] }) => {
      const seen = new Map<string, number>();
      return webhooks.map((webhook) => {
        const index = seen.get(webhook.name) ?? 0;
        seen.set(webhook.name, index + 1);
        return compile(webhook, name, `${name}/${webhook.name}/${index}`);
      });
    });
}

function compile(webhook: Webhook, configuration: string, uid: string): Hook {
  const seconds = Math.min(webhook.timeoutSeconds ?? DEFAULT_TIMEOUT_SECONDS, LONGEST_TIMEOUT_SECONDS);
  return {
    webhook,
    configuration,
    uid,
    failOpen: webhook.failurePolicy === 'Ignore',
    timeoutMs: Math.max(seconds, 1) * 1000,
    selectors: compileSelectors(webhook),
    conditions: compileConditions(environment, webhook.matchConditions),
  };
}

/** The hooks of a followed kind, compiled again after something has changed. */
export function followHooks(informer: Informer<WebhookConfiguration>): () => readonly Hook[] {
  let hooks: readonly Hook[] | undefined;
  informer.onKey(() => {
    hooks = undefined;
  });
  return () => {
    hooks ??= hooksOf(informer.list());
    return hooks;
  };
}
