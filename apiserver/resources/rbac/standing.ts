import { isError } from '../../../openapi/machinery/errors.ts';
import type { KubernetesObject } from '../../../openapi/machinery/object.ts';
import { type PolicyRule, uncovered } from '../../access/rbac/rules.ts';
import type { Role } from '../../access/rbac/source.ts';
import { internalWrite } from '../../registry/internal-write.ts';
import type { ResourceStore } from '../../registry/store.ts';
import { defaultBindings, defaultRoles } from './default-roles.ts';

/**
 * The default roles in the store, at every start, by the rules of kube-apiserver:
 *
 * B1  What is absent is made, with its label and annotation.
 * B2  A role that is there gets the rules that it lacks, so that an update of ours reaches it; rules that were added stay.
 * B3  One whose annotation rbac.authorization.kubernetes.io/autoupdate says "false" is left alone.
 */
const LABELS = { 'kubernetes.io/bootstrapping': 'rbac-defaults' };
const AUTOUPDATE = 'rbac.authorization.kubernetes.io/autoupdate';
const FIELD_MANAGER = 'torpor-apiserver';

export async function makeStandingRoles(
  roles: ResourceStore,
  bindings: ResourceStore,
  signal: AbortSignal,
): Promise<void> {
  for (const role of defaultRoles) {
    await make(roles, role, signal);
    await complete(roles, role, signal);
  }
  for (const binding of defaultBindings) await make(bindings, binding, signal);
}

/** B1 */
async function make(store: ResourceStore, object: { readonly metadata: object }, signal: AbortSignal): Promise<void> {
  const { definition } = store.core;
  const metadata = { ...object.metadata, labels: { ...LABELS }, annotations: { [AUTOUPDATE]: 'true' } };
  const whole = structuredClone({ ...object, apiVersion: `${definition.group}/v1`, kind: definition.kind, metadata });
  try {
    const request = { namespace: '', dryRun: false, fieldManager: FIELD_MANAGER };
    await store.create(whole as KubernetesObject, internalWrite(definition, 'create', signal), request);
  } catch (error) {
    if (!isError(error, 'alreadyExists')) throw error;
  }
}

/** B2, B3 */
async function complete(store: ResourceStore, role: Role, signal: AbortSignal): Promise<void> {
  const change = (current: KubernetesObject): KubernetesObject => {
    if (current.metadata.annotations?.[AUTOUPDATE] !== 'true') return current;
    const held = (current.rules ?? []) as PolicyRule[];
    const missing = uncovered(role.rules ?? [], held);
    return missing.length === 0 ? current : { ...current, rules: [...held, ...missing] };
  };
  const { definition } = store.core;
  const request = { namespace: '', dryRun: false, fieldManager: FIELD_MANAGER };
  try {
    await store.update(role.metadata.name ?? '', change, 'main', internalWrite(definition, 'update', signal), request);
  } catch (error) {
    // Deleted at this very moment: the next start makes it again.
    if (!isError(error, 'notFound')) throw error;
  }
}
