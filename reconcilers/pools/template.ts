import { createHash } from 'node:crypto';
import type { VirtualMachine, VirtualMachinePool, VirtualMachineTemplate } from '../../openapi/api.ts';
import { ownedBy } from './members.ts';

/** Says which template a machine was made from; status.templateHash of its pool is the one of today. */
export const TEMPLATE_HASH = 'torpor.dev/template-hash';

/** Machines have names of at most 63 bytes, of which the last five are drawn. */
const LONGEST_PREFIX = 57;

/** What names of a pool's machines start with. */
export function namePrefix({ metadata }: VirtualMachinePool): string {
  return `${(metadata.name ?? '').slice(0, LONGEST_PREFIX).replace(/[-.]+$/, '')}-`;
}

/** A machine of the pool under this name, as it is sent to the server. */
export function machineFrom(pool: VirtualMachinePool, name: string): VirtualMachine {
  const { metadata = {}, spec } = pool.spec.template;
  const { namespace } = pool.metadata;
  return {
    apiVersion: 'torpor.dev/v1alpha1',
    kind: 'VirtualMachine',
    metadata: {
      name,
      generateName: namePrefix(pool),
      ...(namespace === undefined ? {} : { namespace }),
      labels: { ...metadata.labels, [TEMPLATE_HASH]: templateHash(pool.spec.template) },
      ...(metadata.annotations ? { annotations: metadata.annotations } : {}),
      ownerReferences: [ownedBy(pool)],
    },
    spec,
  };
}

/** The same for templates that say the same, in whatever order. */
export function templateHash(template: VirtualMachineTemplate): string {
  return createHash('sha256')
    .update(JSON.stringify(ordered(template)))
    .digest('hex')
    .slice(0, 10);
}

function ordered(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(ordered);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, one]) => [key, ordered(one)]));
}
