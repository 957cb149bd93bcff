import type { Logger } from '../../../base/log.ts';
import { errors, StatusError } from '../../../openapi/machinery/errors.ts';
import type { Authorizer } from '../../access/authorization/attributes.ts';
import { type Activation, activationOf } from '../cel/activation.ts';
import { checkConditions } from '../matching/conditions.ts';
import { matchesRules } from '../matching/rules.ts';
import type { NamespaceOf } from '../matching/selectors.ts';
import type { AdmissionRequest } from '../request.ts';
import { CallFailed, type WebhookCaller } from './call.ts';
import type { Hook } from './hooks.ts';
import type { WebhookMetrics, WebhookType } from './metrics.ts';
import {
  buildReview,
  dryRunUnsupported,
  readVerdict,
  refusal,
  reviewVersion,
  UnusableAnswer,
  type Verdict,
} from './review.ts';

/** What both kinds of webhooks need. */
export interface WebhookParts {
  readonly hooks: () => readonly Hook[];
  readonly caller: WebhookCaller;
  readonly namespaceOf: NamespaceOf;
  readonly authorizer: Authorizer;
  readonly metrics: WebhookMetrics;
  readonly logger: Logger;
}

/** Whether a request is one that the webhook wants to see. @throws StatusError 403 when that cannot be said, 404, 503 */
export async function isWanted(hook: Hook, request: AdmissionRequest, parts: WebhookParts): Promise<boolean> {
  if (!matchesRules(hook.webhook.rules, request)) return false;
  if (!(await hook.selectors.match(request, parts.namespaceOf))) return false;
  let activation: Activation | undefined;
  const variables = () => {
    activation ??= activationOf(request, parts.authorizer);
    return activation;
  };
  const outcome = await checkConditions(hook.conditions, variables);
  switch (outcome.kind) {
    case 'match':
      return true;
    case 'no match':
      return false;
    case 'error': {
      if (hook.failOpen) return false;
      const { group, resource: plural } = request.resource;
      throw errors.notAdmitted({ group, plural }, request.name, outcome.message);
    }
    default:
      return outcome satisfies never;
  }
}

/** What came of asking one webhook. */
export type Asked =
  | { readonly kind: 'allowed'; readonly patch: unknown }
  /** It could not be asked, and failurePolicy says that this does not matter. */
  | { readonly kind: 'failed open' }
  | { readonly kind: 'refused'; readonly error: StatusError };

/** Asks, counts and reports. What ended the request itself is thrown. */
export async function ask(
  hook: Hook,
  type: WebhookType,
  request: AdmissionRequest,
  parts: WebhookParts,
): Promise<Asked> {
  const { name } = hook.webhook;
  const { metrics, logger } = parts;
  const started = performance.now();
  const called = (rejected: boolean, code: number) =>
    metrics.called(name, type, request.operation, (performance.now() - started) / 1000, rejected, code);
  let verdict: Verdict;
  try {
    verdict = await call(hook, type, request, parts);
  } catch (error) {
    if (error instanceof StatusError) {
      called(true, error.code);
      metrics.rejected(name, type, request.operation, 'no_error', error.code);
      return { kind: 'refused', error };
    }
    if (!(error instanceof CallFailed) && !(error instanceof UnusableAnswer)) throw error;
    const code = error instanceof CallFailed ? error.code : 200;
    called(!hook.failOpen, code);
    const why = `failed calling webhook ${JSON.stringify(name)}: ${error.message}`;
    if (hook.failOpen) {
      logger.warn({ webhook: name, configuration: hook.configuration }, `${why} (failing open)`);
      metrics.failedOpen(name, type);
      return { kind: 'failed open' };
    }
    metrics.rejected(name, type, request.operation, 'calling_webhook_error', code);
    return { kind: 'refused', error: errors.internal(why) };
  }
  for (const [key, value] of Object.entries(verdict.auditAnnotations)) request.annotate(`${name}/${key}`, value);
  request.warnings.push(...verdict.warnings);
  if (verdict.allowed) {
    called(false, 200);
    return { kind: 'allowed', patch: verdict.patch };
  }
  const error = refusal(name, verdict.status);
  called(true, error.code);
  metrics.rejected(name, type, request.operation, 'no_error', error.code);
  return { kind: 'refused', error };
}

/** @throws StatusError when it may not be asked, CallFailed, UnusableAnswer */
async function call(
  { webhook, timeoutMs }: Hook,
  type: WebhookType,
  request: AdmissionRequest,
  { caller }: WebhookParts,
): Promise<Verdict> {
  if (request.dryRun && webhook.sideEffects !== 'None' && webhook.sideEffects !== 'NoneOnDryRun') {
    throw dryRunUnsupported(webhook.name);
  }
  const version = reviewVersion(webhook.admissionReviewVersions);
  if (version === undefined) {
    throw new UnusableAnswer(
      `it accepts none of the known versions of AdmissionReview (v1, v1beta1), but ${JSON.stringify(webhook.admissionReviewVersions ?? [])}`,
    );
  }
  const review = buildReview(version, request, request.object);
  const answer = await caller.call(webhook.clientConfig, review, timeoutMs, request.signal);
  return readVerdict(review, answer, type === 'admit' ? 'mutating' : 'validating');
}
