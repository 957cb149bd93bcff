import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { PersistentVolumeClaim } from '../../openapi/api.ts';

/**
 * What the directory provisioner makes of a claim: a directory named after the claim's uid, which only the server gives
 * out, so that nothing a user writes into a claim can lead anywhere else.
 */
export const STORAGE_CLASS = 'directory';
export const PROTECTION_FINALIZER = 'kubernetes.io/pvc-protection';

const uidPattern = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** `pvc-<uid>`: spec.volumeName of a claim of ours and the name of its directory. */
export function volumeNameOf(claim: PersistentVolumeClaim): string {
  const { uid = '' } = claim.metadata;
  if (!uidPattern.test(uid)) throw new Error(`the claim's uid ${JSON.stringify(uid)} is no UUID`);
  return `pvc-${uid}`;
}

/** Why a claim cannot be served, for an event; undefined when it can. */
export function refusal(claim: PersistentVolumeClaim): string | undefined {
  const { storageClassName, volumeMode = 'Filesystem', volumeName, selector } = claim.spec ?? {};
  if (storageClassName === '') {
    return 'storageClassName "" asks for storage that exists already, and there is none without Kubernetes; leave it out';
  }
  if (storageClassName !== undefined && storageClassName !== STORAGE_CLASS) {
    return `storageClassName ${JSON.stringify(storageClassName)} is unknown; leave it out, or use ${JSON.stringify(STORAGE_CLASS)}: a directory on the host`;
  }
  if (volumeMode !== 'Filesystem') {
    return `volumeMode ${volumeMode} is not offered: a directory on the host is a Filesystem`;
  }
  if (selector !== undefined) return 'spec.selector is not supported: each claim gets a new directory; leave it out';
  if (volumeName && volumeName !== volumeNameOf(claim)) {
    return `spec.volumeName ${JSON.stringify(volumeName)} does not exist; leave it out, it is set when the claim is bound`;
  }
  return undefined;
}

/** Idempotent. Others on the host may pass through (QEMU runs as a user of its own) but not look around. */
export async function makeDirectory(root: string, volumeName: string): Promise<void> {
  await mkdir(root, { recursive: true, mode: 0o711 });
  await mkdir(join(root, volumeName), { recursive: true, mode: 0o711 });
}

/** Idempotent; links in it are removed and never followed. */
export async function removeDirectory(root: string, volumeName: string): Promise<void> {
  await rm(join(root, volumeName), { recursive: true, force: true });
}
