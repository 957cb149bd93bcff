import { join } from 'node:path';
import type { PersistentVolumeClaim } from '../../openapi/api.ts';
import type { Client } from '../../openapi/client/client.ts';
import { type Resource, resources } from '../../openapi/client/resources.ts';
import { isError } from '../../openapi/machinery/errors.ts';
import type { KubernetesObject } from '../../openapi/machinery/object.ts';
import { quantityValue, tryParseQuantity } from '../../openapi/machinery/quantity.ts';
import type { ClaimLocation, VolumeContext } from '../volumes/volume.ts';

/** What volumes read from the API, in the machine's namespace. */
export type VolumeReads = Pick<VolumeContext, 'readSecret' | 'readConfigMap' | 'locateClaim'>;

export function volumeReads(
  client: Client,
  namespace: string,
  claimsDirectory: string,
  signal: AbortSignal,
): VolumeReads {
  const get = async <T extends KubernetesObject>(resource: Resource<T>, name: string): Promise<T | undefined> => {
    try {
      return await client.get(resource, { namespace, name }, { signal });
    } catch (error) {
      if (isError(error, 'notFound')) return undefined;
      throw error;
    }
  };
  return {
    async readSecret(name) {
      const secret = await get(resources.secrets, name);
      return secret === undefined ? undefined : decoded(secret.data, 'base64');
    },
    async readConfigMap(name) {
      const map = await get(resources.configMaps, name);
      if (map === undefined) return undefined;
      return new Map([...decoded(map.data, 'utf8'), ...decoded(map.binaryData, 'base64')]);
    },
    async locateClaim(name) {
      const claim = await get(resources.persistentVolumeClaims, name);
      return claim === undefined ? undefined : claimLocation(claim, claimsDirectory);
    },
  };
}

function decoded(data: Readonly<Record<string, string>> | undefined, encoding: BufferEncoding): Map<string, Buffer> {
  return new Map(Object.entries(data ?? {}).map(([key, value]) => [key, Buffer.from(value, encoding)]));
}

/**
 * Where a claim of the directory provisioner lives: `<claims directory>/<spec.volumeName>`. Undefined until it is bound.
 */
export function claimLocation(claim: PersistentVolumeClaim, claimsDirectory: string): ClaimLocation | undefined {
  const { volumeName } = claim.spec ?? {};
  if (claim.status?.phase !== 'Bound' || volumeName === undefined || volumeName === '') return undefined;
  // The name becomes a path: only the one that the provisioner gives is followed, and only the server gives out uids.
  if (!/^[0-9a-f-]{36}$/.test(claim.metadata.uid ?? '') || volumeName !== `pvc-${claim.metadata.uid}`) return undefined;
  const granted = tryParseQuantity(claim.status.capacity?.storage ?? claim.spec?.resources?.requests?.storage);
  const modes = claim.spec?.accessModes ?? [];
  return {
    kind: 'directory',
    path: join(claimsDirectory, volumeName),
    capacity: granted === undefined ? 0n : quantityValue(granted),
    readOnly: modes.length > 0 && modes.every((mode) => mode === 'ReadOnlyMany'),
  };
}
