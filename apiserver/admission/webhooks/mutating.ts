import { errors } from '../../../openapi/machinery/errors.ts';
import { applyJsonPatch } from '../../../openapi/machinery/json-patch.ts';
import { equalJson, isJsonObject, type JsonValue } from '../../../openapi/machinery/json-value.ts';
import type { KubernetesObject } from '../../../openapi/machinery/object.ts';
import type { AdmissionRequest } from '../request.ts';
import type { Hook } from './hooks.ts';
import { ask, isWanted, type WebhookParts } from './parts.ts';

/**
 * Mutating webhooks.
 *
 * M1  They are asked one after the other, in order, each about the object as the one before left it.
 * M2  When one has changed the object, those with reinvocationPolicy IfNeeded that were asked before are asked once
 *     more, in a second round; what the second round changes leads to no third.
 * M3  In the second round nobody is asked for the first time.
 * M4  The object that was given stays as it is: a change makes a new one.
 */
export function createMutatingWebhooks(parts: WebhookParts) {
  return async (request: AdmissionRequest): Promise<KubernetesObject | undefined> => {
    const hooks = parts.hooks();
    const first = await round(hooks, request, parts, 0);
    if (first.again.size === 0) return first.object;
    return (await round(hooks, { ...request, object: first.object }, parts, 1, first.again)).object;
  };
}

interface Round {
  readonly object: KubernetesObject | undefined;
  /** The hooks to ask once more (M2), by uid. */
  readonly again: ReadonlySet<string>;
}

async function round(
  hooks: readonly Hook[],
  request: AdmissionRequest,
  parts: WebhookParts,
  number: number,
  only?: ReadonlySet<string>,
): Promise<Round> {
  let { object } = request;
  const asked = new Set<string>();
  const again = new Set<string>();
  for (const [index, hook] of hooks.entries()) {
    const now: AdmissionRequest = { ...request, object };
    // M3
    if (only?.has(hook.uid) === false) continue;
    if (!(await isWanted(hook, now, parts))) continue;
    const outcome = await ask(hook, 'admit', now, parts);
    if (outcome.kind === 'refused') throw outcome.error;
    const patched = outcome.kind === 'allowed' ? applied(outcome.patch, object, hook) : object;
    const changed = patched !== object;
    object = patched;
    annotate(request, hook, `round_${number}_index_${index}`, outcome, changed);
    if (changed) for (const uid of asked) again.add(uid);
    if (hook.webhook.reinvocationPolicy === 'IfNeeded') asked.add(hook.uid);
  }
  return { object, again };
}

/** The same object when the patch changes nothing. @throws StatusError 500 for a patch that does not fit. */
function applied(patch: unknown, object: KubernetesObject | undefined, hook: Hook): KubernetesObject | undefined {
  if (patch === undefined || (Array.isArray(patch) && patch.length === 0)) return object;
  const name = JSON.stringify(hook.webhook.name);
  if (object === undefined) {
    throw errors.internal(
      `admission webhook ${name} attempted to modify the object, which is not supported for this operation`,
    );
  }
  const before = object as unknown as JsonValue;
  let after: JsonValue;
  try {
    after = applyJsonPatch(before, patch);
  } catch (error) {
    throw errors.internal(`the patch of admission webhook ${name} cannot be applied: ${(error as Error).message}`);
  }
  if (!isJsonObject(after)) throw errors.internal(`the patch of admission webhook ${name} leaves no object`);
  return equalJson(before, after) ? object : (after as unknown as KubernetesObject);
}

function annotate(
  request: AdmissionRequest,
  { configuration, webhook: { name } }: Hook,
  at: string,
  outcome: Awaited<ReturnType<typeof ask>>,
  mutated: boolean,
): void {
  if (outcome.kind === 'failed open') request.annotate(`failed-open.mutation.webhook.admission.k8s.io/${at}`, name);
  const text = JSON.stringify({ configuration, webhook: name, mutated });
  request.annotate(`mutation.webhook.admission.k8s.io/${at}`, text);
}
