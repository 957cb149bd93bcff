import { isError } from '../../../openapi/machinery/errors.ts';
import { internalWrite } from '../../registry/internal-write.ts';
import type { ResourceStore } from '../../registry/store.ts';
import { STANDING_NAMESPACES } from './definition.ts';

/** Makes the namespaces that everybody expects; those that exist stay as they are. */
export async function makeStandingNamespaces(namespaces: ResourceStore, signal: AbortSignal): Promise<void> {
  const { definition } = namespaces.core;
  for (const name of STANDING_NAMESPACES) {
    try {
      const object = { apiVersion: 'v1', kind: 'Namespace', metadata: { name } };
      const context = internalWrite(definition, 'create', signal);
      await namespaces.create(object, context, { namespace: '', dryRun: false, fieldManager: 'torpor-apiserver' });
    } catch (error) {
      if (!isError(error, 'alreadyExists')) throw error;
    }
  }
}
