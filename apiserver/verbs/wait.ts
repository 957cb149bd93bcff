import { errors } from '../../openapi/machinery/errors.ts';
import { cloneJson } from '../../openapi/machinery/json-value.ts';
import type { KubernetesObject } from '../../openapi/machinery/object.ts';
import { keyOf } from '../registry/keys.ts';
import type { ResourceDefinition } from '../registry/resource.ts';
import type { RequestContext } from '../request/context.ts';
import { goDuration } from '../request/duration.ts';
import type { Target } from './target.ts';

/**
 * ?wait=<phase>&waitTimeout=30s on creates and actions: the answer comes when the object is there.
 *
 * T1  The parameters are judged before anything is written.
 * T2  What was written stays written, whatever the waiting ends with.
 * T3  When the time is over the answer is 504 and says in which phase the object hangs and why.
 * T4  An object that goes away, or is replaced by another of its name, ends the waiting at once with 409.
 */
export type Waiting =
  | { readonly kind: 'none' }
  | { readonly kind: 'phase'; readonly phase: string; readonly timeoutMs: number };

const DEFAULT_MS = 30_000;
/** An aggregator gives up on a request after 60 s; the answer must come before. */
const LONGEST_MS = 55_000;

/** T1. @throws StatusError 400 */
export function waitOptions(definition: ResourceDefinition, query: URLSearchParams): Waiting {
  const phase = query.get('wait') ?? '';
  if (phase === '') return { kind: 'none' };
  const { progress } = definition.strategy;
  if (progress === undefined)
    throw errors.badRequest(`wait is not supported on ${definition.plural}: they have no phase`);
  if (!progress.phases.includes(phase)) {
    throw errors.badRequest(`wait=${phase}: there is no such phase; use one of ${progress.phases.join(', ')}`);
  }
  const text = query.get('waitTimeout') ?? '';
  const timeoutMs = text === '' ? DEFAULT_MS : goDuration(text);
  if (timeoutMs === undefined || timeoutMs < 0 || timeoutMs > LONGEST_MS) {
    throw errors.badRequest(`waitTimeout=${text} must be a duration such as 30s, at most ${LONGEST_MS / 1000}s`);
  }
  return { kind: 'phase', phase, timeoutMs };
}

/** The object once it is in the phase; `written` itself when nobody waits. @throws StatusError 409 or 504. */
export async function waitFor(
  target: Target,
  context: RequestContext,
  waiting: Waiting,
  written: KubernetesObject,
): Promise<KubernetesObject> {
  const { definition } = target;
  const { progress } = definition.strategy;
  if (waiting.kind === 'none' || progress === undefined) return written;
  const over = new AbortController();
  const timer = setTimeout(() => over.abort(), waiting.timeoutMs);
  try {
    const last = await follow(target, AbortSignal.any([context.signal, over.signal]), waiting.phase, written);
    if (last.kind === 'there') return last.object;
    context.signal.throwIfAborted();
    const shown = cloneJson(last.object);
    definition.strategy.decorate?.(shown);
    const what = `${definition.plural}.${definition.group} ${JSON.stringify(written.metadata.name ?? '')}`;
    throw errors.gatewayTimeout(
      `${what} did not become ${waiting.phase} within ${waiting.timeoutMs / 1000}s: ${progress.explain(shown)}`,
    );
  } finally {
    clearTimeout(timer);
    over.abort();
  }
}

type Followed = { readonly kind: 'there' | 'hangs'; readonly object: KubernetesObject };

/** Watches the one object until it is in the phase or `signal` aborts; T4. */
async function follow(
  target: Target,
  signal: AbortSignal,
  phase: string,
  written: KubernetesObject,
): Promise<Followed> {
  const { definition } = target;
  const { name = '', namespace = '', uid, resourceVersion = '0' } = written.metadata;
  let last = written;
  const opening = await target.store.core.cache.watch(
    { key: keyOf(definition, namespace, name) },
    { kind: 'state', freshness: { kind: 'at-least', revision: BigInt(resourceVersion) } },
    { signal },
  );
  if (opening.kind !== 'open') throw errors.serviceUnavailable('the cache is behind what was just written', 1);
  const gone = () => errors.conflict(definition, name, `it went away before it was ${phase}`);
  for await (const step of opening.watch) {
    if (step.kind === 'ended') throw errors.serviceUnavailable(`the server stopped waiting for ${name}`, 1);
    if (step.kind === 'bookmark') continue;
    const items = step.kind === 'state' ? step.items : step.events.map(({ item }) => item);
    if (step.kind === 'state' && items.length === 0) throw gone();
    for (const item of items) {
      if (item === undefined || item.object.metadata.uid !== uid) throw gone();
      last = item.object;
      if (definition.strategy.progress?.phaseOf(last) === phase) return { kind: 'there', object: cloneJson(last) };
    }
  }
  return { kind: 'hangs', object: last };
}
