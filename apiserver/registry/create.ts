import { randomUUID } from 'node:crypto';
import type { ManagedFields } from '../../openapi/machinery/apply/managers.ts';
import { errors, StatusError } from '../../openapi/machinery/errors.ts';
import { cloneJson } from '../../openapi/machinery/json-value.ts';
import { validateObjectMeta } from '../../openapi/machinery/metadata.ts';
import { generateName } from '../../openapi/machinery/names.ts';
import type { KubernetesObject } from '../../openapi/machinery/object.ts';
import type { Change } from '../../storage/store.ts';
import { requestHead } from '../admission/request.ts';
import { mutated, validated } from './admitted.ts';
import { summaryOf } from './cache-codec.ts';
import { decodeObject, servedBytes } from './codec.ts';
import type { ResourceCore } from './core.ts';
import { ownableBy, recordManagers, setManagedFields } from './field-managers.ts';
import { encodeWithLimit } from './guaranteed-update.ts';
import { isSegment, keyOf } from './keys.ts';
import { mendMetadata } from './metadata-warnings.ts';
import type { ViewSubresource, WriteContext } from './resource.ts';
import { timestamp } from './timestamp.ts';

export interface WriteRequest {
  readonly namespace: string;
  readonly dryRun: boolean;
  readonly fieldManager: string;
  /** '' for the main resource. */
  readonly subresource?: string;
  /** The view that the client writes the object through. */
  readonly view?: ViewSubresource;
  /** Who owns what, where the write itself has decided it (an apply); absent: it is recorded from what changed. */
  readonly decided?: () => ManagedFields;
}

/** How often a generated name that is taken is drawn again before the client is told. */
const GENERATE_ATTEMPTS = 8;
/** A key alongside (a reservation) may be contended; the object's own key is not tried twice. */
const ALONGSIDE_ATTEMPTS = 16;

export interface Created {
  readonly object: KubernetesObject;
  /** The same as it is served; undefined for a dry run. */
  readonly bytes: Buffer | undefined;
}

/**
 * Before-create rules, then one transaction that succeeds only when the key is absent.
 * @throws StatusError 400, 403 or 404 (namespace), 409 (exists), 422 (invalid).
 */
export async function createObject(
  core: ResourceCore,
  sent: KubernetesObject,
  context: WriteContext,
  request: WriteRequest,
): Promise<Created> {
  const { definition } = core;
  const base = sent.metadata.name ? '' : (sent.metadata.generateName ?? '');
  const attempts = base === '' ? 1 : GENERATE_ATTEMPTS;
  const { namespace, dryRun } = request;
  await core.namespaces?.checkCreate(definition, sent.metadata.name ?? '', namespace);
  const head = requestHead(definition, context, 'CREATE', { namespace, dryRun, name: sent.metadata.name ?? '' });
  const asked = !context.internal;
  const wanted = asked ? await mutated(core, sent, { head, old: undefined }) : sent;
  for (let attempt = 1; ; attempt += 1) {
    const object = cloneJson(wanted);
    if (base !== '' && !wanted.metadata.name) object.metadata.name = generateName(base);
    beforeCreate(core, object, context, request);
    const name = object.metadata.name ?? '';
    const withdraw = asked ? await validated(core, object, { head: { ...head, name }, old: undefined }) : undefined;
    const outcome = await put(core, keyOf(definition, namespace, name), object, dryRun).catch(
      async (error: unknown) => {
        // Only what certainly was not stored is given back.
        if (error instanceof StatusError) await withdraw?.();
        throw error;
      },
    );
    if (outcome.kind === 'stored') return { object, bytes: outcome.bytes };
    await withdraw?.();
    if (base !== '' && attempt >= attempts) throw errors.generateNameConflict(definition, name);
    if (base === '') throw errors.alreadyExists(definition, name, Boolean(outcome.there.metadata.deletionTimestamp));
  }
}

function beforeCreate(
  core: ResourceCore,
  object: KubernetesObject,
  context: WriteContext,
  request: WriteRequest,
): void {
  const { definition, schema } = core;
  const { strategy } = definition;
  const meta = object.metadata;
  if (meta.resourceVersion) {
    throw errors.badRequest('resourceVersion should not be set on objects to be created');
  }
  if (definition.namespaced) meta.namespace = request.namespace;
  for (const key of ['resourceVersion', 'deletionTimestamp', 'deletionGracePeriodSeconds', 'selfLink'] as const) {
    delete meta[key];
  }
  meta.uid = randomUUID();
  meta.creationTimestamp = timestamp(core.now());
  meta.generation = 1;
  if (strategy.hasStatus) delete object.status;
  mendMetadata(meta, undefined, context.warnings);
  schema?.default(object);
  // Shape before meaning: what runs after this line may rely on the types that the schema promises.
  const shape = schema?.validate(object) ?? [];
  if (shape.length > 0) {
    throw errors.invalid(definition, meta.name ?? '', [...metadataErrors(core, object), ...shape]);
  }
  const { finalizers } = meta;
  strategy.prepareForCreate?.(object, context);
  if (request.decided === undefined) record(core, object, finalizers, request);
  else setManagedFields(object, request.decided());
  const problems = [...metadataErrors(core, object), ...(strategy.validate?.(object) ?? [])];
  if (problems.length > 0) throw errors.invalid(definition, meta.name ?? '', problems);
  core.admit({
    user: context.user,
    group: definition.group,
    resource: definition.plural,
    subresource: '',
    object,
    old: undefined,
  });
  if (!isSegment(meta.name ?? '')) throw errors.badRequest(`the name ${JSON.stringify(meta.name)} cannot be stored`);
}

/** The finalizers that the strategy added are nobody's: no manager shall take them away with its own. */
function record(
  core: ResourceCore,
  object: KubernetesObject,
  finalizers: readonly string[] | undefined,
  { fieldManager: manager }: WriteRequest,
): void {
  const asked: KubernetesObject = { ...object, metadata: { ...object.metadata, finalizers: [...(finalizers ?? [])] } };
  if (finalizers === undefined) delete asked.metadata.finalizers;
  recordManagers(core, asked, undefined, { manager, subresource: '', part: ownableBy(core, 'main') });
  setManagedFields(object, asked.metadata.managedFields ?? []);
}

export function metadataErrors(core: ResourceCore, object: KubernetesObject) {
  const { namespaced, strategy } = core.definition;
  return validateObjectMeta(object.metadata, {
    namespaced,
    ...(strategy.validateName ? { nameErrors: strategy.validateName } : {}),
  });
}

type PutOutcome =
  | { readonly kind: 'stored'; readonly bytes: Buffer | undefined }
  | { readonly kind: 'taken'; readonly there: KubernetesObject };

async function put(core: ResourceCore, key: string, object: KubernetesObject, dryRun: boolean): Promise<PutOutcome> {
  const value = encodeWithLimit(object);
  for (let attempt = 0; attempt < ALONGSIDE_ATTEMPTS; attempt += 1) {
    const further = (await core.definition.strategy.alongside?.(object, undefined)) ?? [];
    if (dryRun) {
      const { entry } = await core.store.get(key);
      if (entry === undefined) return { kind: 'stored', bytes: undefined };
      return { kind: 'taken', there: decodeObject(entry.value, entry.revision) };
    }
    const changes: [Change, ...Change[]] = [{ kind: 'put', key, value, expect: 0n }, ...further];
    core.foreseen.expect(key, value, summaryOf(core.definition, object, key));
    const outcome = await core.store.commit(changes);
    if (outcome.kind === 'committed') {
      object.metadata.resourceVersion = String(outcome.revision);
      return { kind: 'stored', bytes: servedBytes(value, outcome.revision) };
    }
    core.foreseen.forget(key, value);
    if (outcome.key === key && outcome.current !== undefined) {
      return { kind: 'taken', there: decodeObject(outcome.current.value, outcome.current.revision) };
    }
  }
  throw errors.serverTimeout(core.definition, 'create');
}
