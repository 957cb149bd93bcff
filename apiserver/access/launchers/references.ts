import type { VirtualMachine } from '../../../openapi/api.ts';

/** Resources of the core group that a machine can name, in its own namespace. */
export type Referenced = 'secrets' | 'configmaps' | 'persistentvolumeclaims';

/** Names of the objects of `resource` that the node of this machine needs to read to run it. */
export function references(machine: VirtualMachine, resource: Referenced): ReadonlySet<string> {
  const names = new Set<string>();
  const add = (name: string | undefined) => name !== undefined && name !== '' && names.add(name);
  for (const volume of machine.spec?.volumes ?? []) {
    switch (resource) {
      case 'secrets':
        add(volume.registryDisk?.imagePullSecret);
        add(volume.containerDisk?.imagePullSecret);
        add(volume.cloudInitNoCloud?.secretRef?.name);
        add(volume.cloudInitNoCloud?.networkDataSecretRef?.name);
        add(volume.secret?.secretName);
        break;
      case 'configmaps':
        add(volume.configMap?.name);
        break;
      case 'persistentvolumeclaims':
        add(volume.persistentVolumeClaim?.claimName);
        add(volume.ephemeral?.persistentVolumeClaim?.claimName);
        break;
      default:
        return resource satisfies never;
    }
  }
  if (resource === 'secrets') {
    for (const credential of machine.spec?.accessCredentials ?? []) {
      add(credential.sshPublicKey?.source?.secret?.secretName);
      add(credential.userPassword?.source?.secret?.secretName);
    }
  }
  return names;
}
